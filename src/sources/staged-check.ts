import { createHash } from 'node:crypto';
import { chmodSync, closeSync, constants, lstatSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { printPath } from '../engine/index.js';
import { MiB } from '../shared/bytes.js';
import { IntegrityError, throwIfCancelled } from '../shared/errors.js';
import type { Checklist, ExpectedFile } from './checklist.js';
import { FolderCursor, splitPath } from './folder-cursor.js';
import type { StagingFolder } from './staging-folder.js';
import { toAppError } from './system-error.js';

const BUFFER_BYTES = MiB;
/** Bytes and files between two turns of the event loop, so that a cancellation is heard. */
const TURN_BYTES = 16 * MiB;
const TURN_FILES = 100;

/** As `Staging.check` takes them. */
export interface CheckOptions {
  signal?: AbortSignal;
  onBytes?: (bytes: number) => void;
}

/**
 * Reads every staged file back and compares size and SHA-256 with what the backup says. Holds 1 MiB.
 * @throws IntegrityError naming the first file that is wrong, CancelledError
 */
export async function checkStagedFiles(
  folder: StagingFolder,
  checklist: Checklist,
  { signal, onBytes }: CheckOptions,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  const cursor = new FolderCursor(folder.handle);
  let bytes = 0;
  let files = 0;
  try {
    for (const expected of checklist.files()) {
      for (const count of readBack(cursor, expected, buffer)) {
        onBytes?.(count);
        bytes += count;
        if (bytes < TURN_BYTES) continue;
        bytes = 0;
        await setImmediate();
        throwIfCancelled(signal);
      }
      if (++files % TURN_FILES !== 0) continue;
      await setImmediate();
      throwIfCancelled(signal);
    }
  } finally {
    cursor.close();
  }
}

/** Reads one file and yields the size of every piece read. */
function* readBack(cursor: FolderCursor, expected: ExpectedFile, buffer: Buffer): Generator<number> {
  const printed = printPath(expected.path);
  const descriptor = openBack(cursor, expected.stagedPath, printed);
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for (let count = readSync(descriptor, buffer); count > 0; count = readSync(descriptor, buffer)) {
      hash.update(buffer.subarray(0, count));
      sizeBytes += count;
      yield count;
    }
    const found = hash.digest();
    if (sizeBytes !== expected.sizeBytes) {
      throw new IntegrityError(
        `Staged file "${printed}" holds ${sizeBytes} bytes, expected ${expected.sizeBytes}`,
      );
    }
    if (!found.equals(expected.checksum)) {
      throw new IntegrityError(
        `Staged file "${printed}" has SHA-256 ${found.toString('hex')}, expected ${expected.checksum.toString('hex')}`,
      );
    }
  } catch (error) {
    throw toAppError(error, `Staged file "${printed}" cannot be read back`);
  } finally {
    closeSync(descriptor);
  }
}

function openBack(cursor: FolderCursor, stagedPath: Buffer, printed: string): number {
  try {
    const parts = splitPath(stagedPath);
    const name = parts.pop()!;
    return openStagedFile(cursor.at(parts).child(name));
  } catch (error) {
    throw toAppError(error, `Staged file "${printed}" cannot be read back`);
  }
}

/** Opens a staged file of our own, also when its mode does not let its owner read it. */
function openStagedFile(path: Buffer): number {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
  const { mode } = lstatSync(path);
  if ((mode & 0o400) !== 0) return openSync(path, flags);
  chmodSync(path, 0o600);
  try {
    return openSync(path, flags);
  } finally {
    chmodSync(path, mode & 0o7777);
  }
}
