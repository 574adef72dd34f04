/** Entries as the engine streams them, made by hand. */
import { createHash } from 'node:crypto';
import type { SnapshotPiece } from '../../src/engine/index.js';
import type { Component } from '../../src/shared/component.js';

/** One entry; a string path is latin1, so that any bytes can be written. */
export interface MadeEntry {
  component?: Component;
  path: string;
  content?: Buffer;
  target?: string;
  mode?: number;
  mtimeNs?: bigint;
  uid?: number;
}

export const MTIME_NS = 1_700_000_001_500_000_000n;

/** What the engine would give for `entries`: a file with content, a link with a target, else a folder. */
export async function* toPieces(
  entries: Iterable<MadeEntry>,
  { withContent = true }: { withContent?: boolean } = {},
): AsyncGenerator<SnapshotPiece, void, void> {
  for (const { component = 'FILES', path, content, target, mode, mtimeNs = MTIME_NS, uid = 0 } of entries) {
    const base = { component, path: Buffer.from(path, 'latin1'), mtimeNs, uid, gid: 0 };
    if (target !== undefined)
      yield { ...base, kind: 'symlink', mode: mode ?? 0o777, target: Buffer.from(target, 'latin1') };
    else if (content === undefined) yield { ...base, kind: 'directory', mode: mode ?? 0o755 };
    else {
      const checksum = createHash('sha256').update(content).digest();
      yield { ...base, kind: 'file', mode: mode ?? 0o640, sizeBytes: content.length, checksum };
      for (let at = 0; withContent && at < content.length; at += 70_000)
        yield { kind: 'content', bytes: content.subarray(at, at + 70_000) };
    }
  }
}
