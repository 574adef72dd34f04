import DataLoader from 'dataloader';
import type { BackupService } from '../services/backup-service.js';
import type { ProgressService } from '../services/progress-service.js';
import type { BackupProgressRecord, BackupRecord, RestoreProgressRecord } from '../shared/operation.js';

/** What loaders read from. */
export interface LoaderDeps {
  backups: Pick<BackupService, 'findAll'>;
  progress: Pick<ProgressService, 'latestBackupProgresses' | 'latestRestoreProgresses'>;
}

/** Reads that fields of many items ask for one by one, each made once for all that ask in the same moment. */
export interface Loaders {
  backup: DataLoader<string, BackupRecord | null>;
  backupProgress: DataLoader<string, BackupProgressRecord | null>;
  restoreProgress: DataLoader<string, RestoreProgressRecord | null>;
}

/** The largest page; more ids than that are read in turns. */
const MAX_BATCH = 100;
/** Nothing is remembered: a subscription keeps its loaders for hours, and must see what is there now. */
const OPTIONS = { cache: false, maxBatchSize: MAX_BATCH } as const;

/** The loaders of one operation. */
export function createLoaders({ backups, progress }: LoaderDeps): Loaders {
  return {
    backup: new DataLoader((ids) => backups.findAll(ids), OPTIONS),
    backupProgress: new DataLoader((ids) => progress.latestBackupProgresses(ids), OPTIONS),
    restoreProgress: new DataLoader((ids) => progress.latestRestoreProgresses(ids), OPTIONS),
  };
}
