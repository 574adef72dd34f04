/** Reads every byte of one backup, and lists what is damaged instead of stopping at it. */
import { throwIfCancelled } from '../../shared/errors.js';
import type { DamagedFile, RunOptions, VerifyOutcome, VerifyRequest, VerifyUpdate } from '../engine.js';
import { ChunkReader } from '../repository/chunk-reader.js';
import type { Repository } from '../repository/repository.js';
import { domainOf } from '../snapshot/snapshot-object.js';
import { readSnapshot } from './read-snapshot.js';
import { validateComponent } from './validate-component.js';

const MAX_LISTED = 1000;

/**
 * Verifies one backup.
 * @throws CancelledError, NotFoundError, StorageError; IntegrityError when the snapshot object itself is damaged
 */
export async function runVerify(
  repository: Repository,
  request: VerifyRequest,
  options: RunOptions<VerifyUpdate>,
): Promise<VerifyOutcome> {
  const leaseOptions = { snapshot: request.snapshotId, ...(options.signal && { signal: options.signal }) };
  return repository.withLease('reader', leaseOptions, async (lease) => {
    const outcome = await verifySnapshot(repository, request, options);
    if (outcome.damagedFiles > 0) await lease.assertHeld();
    return outcome;
  });
}

async function verifySnapshot(
  repository: Repository,
  request: VerifyRequest,
  { signal, onProgress }: RunOptions<VerifyUpdate>,
): Promise<VerifyOutcome> {
  const signalOption = signal ? { signal } : {};
  const snapshot = await readSnapshot(repository, request.snapshotId);
  const reader = new ChunkReader(repository, domainOf(snapshot), signalOption);
  const update: VerifyUpdate = {
    phase: 'VERIFYING',
    component: null,
    processedBytes: 0,
    totalBytes: snapshot.sizeBytes,
    processedFiles: 0,
    totalFiles: snapshot.fileCount,
  };
  const damaged: DamagedFile[] = [];
  let damagedFiles = 0;
  const onDamage = (found: DamagedFile) => {
    damagedFiles++;
    if (damaged.length < MAX_LISTED) damaged.push(found);
  };
  const onChecked = (bytes: number, files: number) => {
    update.processedBytes += bytes;
    update.processedFiles += files;
    onProgress?.({ ...update });
  };
  for (const { component, manifest } of snapshot.components) {
    throwIfCancelled(signal);
    update.component = component;
    onProgress?.({ ...update });
    const part = { manifest: manifest.content, selection: null };
    await validateComponent(reader, component, part, { onChecked, onDamage });
  }
  const { processedBytes: checkedBytes, processedFiles: checkedFiles } = update;
  return { checkedBytes, checkedFiles, damagedFiles, damaged };
}
