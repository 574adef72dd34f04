import { createHash } from 'node:crypto';
import type { FileEntry, Source, StageOptions, Staging, Target } from '../../src/engine/index.js';
import { comparePaths, parentPath } from '../../src/engine/index.js';

/** What went through `copyComponent`. */
export interface CopiedComponent {
  paths: Buffer[];
  notices: readonly string[];
  skipped: number;
}

/** Captures `source` and stages it in `target` without an engine between, checking the order of entries. */
export async function stageFrom(
  source: Source,
  target: Target,
  options: StageOptions,
): Promise<CopiedComponent & { staging: Staging }> {
  const size = await source.scan({});
  await target.plan(size, options);
  const staging = await target.stage(options);
  const capture = await source.capture({});
  const copied: CopiedComponent = { paths: [], notices: [], skipped: 0 };
  try {
    for await (const entry of capture.entries()) {
      assertOrder(copied.paths, entry.path);
      copied.paths.push(Buffer.from(entry.path));
      if (entry.kind === 'directory') await staging.directory(entry);
      else if (entry.kind === 'symlink')
        copied.skipped += (await staging.symlink(entry)) === 'skipped' ? 1 : 0;
      else copied.skipped += (await copyFile(entry, staging)) ? 0 : 1;
    }
    copied.notices = capture.notices;
  } catch (error) {
    await staging.discard();
    throw error;
  } finally {
    await capture.close();
  }
  await staging.finish();
  return { ...copied, staging };
}

/** As `stageFrom`, then checks, swaps and commits. */
export async function copyComponent(
  source: Source,
  target: Target,
  options: StageOptions,
): Promise<CopiedComponent> {
  const { staging, ...copied } = await stageFrom(source, target, options);
  try {
    await staging.check({});
    await staging.prepare();
    await staging.swap();
    await staging.commit();
  } finally {
    await staging.discard();
  }
  return copied;
}

async function copyFile(entry: FileEntry, staging: Staging): Promise<boolean> {
  const writer = await staging.file(entry);
  if (writer === null) return false;
  const reader = entry.open();
  if (reader === null) throw new Error('File vanished');
  const hash = createHash('sha256');
  // An odd size, so that holes and pages do not fall on the edges of what is written.
  const buffer = Buffer.alloc(100_003);
  let sizeBytes = 0;
  try {
    for (let count = await reader.read(buffer); count > 0; count = await reader.read(buffer)) {
      const bytes = Buffer.from(buffer.subarray(0, count)); // the writer may keep it
      hash.update(bytes);
      sizeBytes += count;
      await writer.write(bytes);
    }
    await writer.close({ sizeBytes, checksum: hash.digest() });
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    reader.close();
  }
  return true;
}

function assertOrder(before: Buffer[], path: Buffer): void {
  const last = before.at(-1);
  if (last !== undefined && comparePaths(last, path) >= 0) throw new Error(`"${path}" comes after "${last}"`);
  const parent = parentPath(path);
  if (parent !== null && !before.some((known) => known.equals(parent)))
    throw new Error(`"${path}" comes before its folder`);
}
