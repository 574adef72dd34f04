/**
 * One operation of an engine over a till on disk, as a program that may be killed at any point. Arguments: the folder,
 * then a FaultJob as JSON. Prints one line of JSON: what came out, and the number of points.
 */
import type { RecoveredRestore } from '../../src/engine/index.js';
import { AppError } from '../../src/shared/errors.js';
import { backupRequest, restoreRequest } from './engine-till.js';
import { armFaults, disarmFaults } from './fault-preload.js';
import { ALL_COMPONENTS, openFaultEngine } from './fault-till.js';

/** What to do. */
export type FaultJob =
  | { kind: 'backup'; backupId: string; cancelAfterMs?: number }
  | {
      kind: 'restore';
      restoreId: string;
      snapshotId: string;
      targetFolder?: string;
      cancelAfterMs?: number;
      overwrite?: boolean;
    }
  /** As the start of a server: recovers, then lists. */
  | { kind: 'recover'; restoreId: string; targetFolder?: string };

/** What a job that was not killed prints. */
export interface FaultReport {
  points: number;
  /** Code of the error that it ended with, and whether it said that live data was brought back. */
  code: string | null;
  message: string;
  isRolledBack: boolean;
  recovered: RecoveredRestore['end'] | null;
  /** By backup id. */
  snapshots: Record<string, string>;
  /** Milliseconds from a cancellation to the end. */
  cancelledMs: number | null;
}

const [folder = '', text = ''] = process.argv.slice(2);
const job = JSON.parse(text) as FaultJob;
const report: FaultReport = {
  points: 0,
  code: null,
  message: '',
  isRolledBack: false,
  recovered: null,
  snapshots: {},
  cancelledMs: null,
};

const engine = await openFaultEngine(folder);
const controller = new AbortController();
let cancelledAtMs = 0;
const after = 'cancelAfterMs' in job ? job.cancelAfterMs : undefined;
const timer =
  after === undefined
    ? undefined
    : setTimeout(() => {
        cancelledAtMs = performance.now();
        controller.abort();
      }, after);
armFaults();
try {
  await perform();
} catch (error) {
  if (!(error instanceof AppError)) report.message = String(error instanceof Error ? error.stack : error);
  else report.message = error.message;
  report.code = error instanceof AppError ? error.code : 'UNKNOWN';
  report.isRolledBack = error instanceof AppError && error.details.rolledBack === true;
}
if (cancelledAtMs > 0) report.cancelledMs = performance.now() - cancelledAtMs;
report.points = disarmFaults();
clearTimeout(timer);
for (const { backupId, snapshotId } of await engine.listSnapshots()) report.snapshots[backupId] = snapshotId;
await engine.close();
process.stdout.write(`${JSON.stringify(report)}\n`);

async function perform(): Promise<void> {
  const { signal } = controller;
  if (job.kind === 'backup') {
    await engine.backup(backupRequest(job.backupId, { components: ALL_COMPONENTS }), { signal });
    return;
  }
  const { restoreId, targetFolder = null } = job;
  const restore = { restoreId, components: ALL_COMPONENTS, targetFolder, paths: null };
  if (job.kind === 'recover') {
    const recovered = await engine.recoverRestores([restore]);
    report.recovered = recovered[0]?.end ?? null;
    await engine.acknowledgeRestore(restore);
    return;
  }
  const restorePoint = { backupId: `before ${restoreId}`, labels: {} };
  const { overwrite = true } = job;
  await engine.restore(restoreRequest(job.snapshotId, { ...restore, restorePoint, overwrite }), { signal });
  // As a server does: the next start does what fails here.
  await engine.acknowledgeRestore(restore).catch(() => {});
}
