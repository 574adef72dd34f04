import { StorageError } from '../shared/errors.js';

/**
 * Shut while the till is half one thing and half another, because what an interrupted restore left could not be put
 * right yet: nothing may capture or replace it then.
 */
export class TillGate {
  #reason: string | null = null;

  /** Why it is shut; null while it is open. */
  get reason(): string | null {
    return this.#reason;
  }

  /** @param reason what is in the way: a sentence without a full stop */
  shut(reason: string): void {
    this.#reason = reason;
  }

  open(): void {
    this.#reason = null;
  }

  /** @throws StorageError (SERVICE_UNAVAILABLE) while it is shut */
  refuseWhenShut(): void {
    if (this.#reason === null) return;
    throw new StorageError(
      'SERVICE_UNAVAILABLE',
      `An earlier restore was cut short and is still to be undone or finished, which is tried again all the time: ${this.#reason}`,
      { retryable: true },
    );
  }
}
