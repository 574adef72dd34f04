import type { BackupRepository } from '../../db/backup-repository.js';
import type { BackupRecord } from '../../shared/operation.js';
import { findSuspicion, MAX_COMPARED } from './suspicion.js';

/** Backups looked back at: those that are suspicious or made otherwise do not count. */
const LOOK_BACK = 4 * MAX_COMPARED;

/** Compares a backup that was just taken with those before it. */
export class ChangeGuard {
  readonly #backups: Pick<BackupRepository, 'listNewest'>;

  constructor(backups: Pick<BackupRepository, 'listNewest'>) {
    this.#backups = backups;
  }

  /** Why the content of `backup` is suspicious; null when it is not. @throws StorageError */
  async examine(
    backup: Pick<BackupRecord, 'id' | 'encrypted' | 'compressed'>,
    { components }: Pick<BackupRecord, 'components'>,
  ): Promise<string | null> {
    const { encrypted, compressed } = backup;
    const findings: string[] = [];
    for (const part of components) {
      const previous = await this.#backups.listNewest(part.component, LOOK_BACK);
      const others = previous.filter(({ id }) => id !== backup.id);
      const finding = findSuspicion({ components: [part], encrypted, compressed }, others);
      if (finding !== null) findings.push(finding);
    }
    return findings.length === 0 ? null : findings.join('. ');
  }
}
