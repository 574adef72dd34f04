import { StorageError } from '../shared/errors.js';

/** Downloads that run at a time: each keeps a reader in the engine and a compressor busy. */
export const MAX_DOWNLOADS = 4;
/** When somebody who came too many may try again. */
export const RETRY_AFTER_SECONDS = 30;

/** Which backups are being downloaded now: no more than MAX_DOWNLOADS, and none of them is deleted meanwhile. */
export class OpenDownloads {
  readonly #backupIds: string[] = [];

  /**
   * Begins one.
   * @returns ends it; may be called twice
   * @throws StorageError SERVICE_UNAVAILABLE, retryable, when too many run
   */
  begin(backupId: string): () => void {
    if (this.#backupIds.length >= MAX_DOWNLOADS) {
      throw new StorageError(
        'SERVICE_UNAVAILABLE',
        `${MAX_DOWNLOADS} downloads run already, which is all that this server does at a time; try again in a moment`,
        { retryable: true, details: { retryAfterSeconds: RETRY_AFTER_SECONDS } },
      );
    }
    this.#backupIds.push(backupId);
    let isOpen = true;
    return () => {
      if (isOpen) this.#backupIds.splice(this.#backupIds.indexOf(backupId), 1);
      isOpen = false;
    };
  }

  /** True while a download of the backup runs. */
  isDownloading(backupId: string): boolean {
    return this.#backupIds.includes(backupId);
  }
}
