import { closeSync, fsync } from 'node:fs';
import { promisify } from 'node:util';

const syncDescriptor = promisify(fsync);

/** Descriptors that wait open for their turn, at most twice: one batch gathers while one is synced. */
const BATCH = 128;
/** Syncs at the same time: as many as Node's thread pool has threads. */
const AT_ONCE = 4;

/**
 * Makes written files and folders durable in the background, many at a time, because a journalling file system
 * commits a batch about as fast as one file. Takes descriptors over and closes them.
 * Holds at most 256 open descriptors and runs four fsyncs at a time.
 */
export class SyncQueue {
  #waiting: number[] = [];
  #running: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  /**
   * Takes `descriptor` over. Waits while two batches are under way.
   * @throws the error of an earlier sync
   */
  async add(descriptor: number): Promise<void> {
    this.#waiting.push(descriptor);
    if (this.#waiting.length >= BATCH) await this.#start();
  }

  /** Waits until everything added is durable. */
  async drain(): Promise<void> {
    await this.#start();
    await this.#running;
    this.#check();
  }

  /** Closes everything without syncing what has not started. Never throws. */
  async abandon(): Promise<void> {
    for (const descriptor of this.#waiting.splice(0)) closeSync(descriptor);
    await this.#running;
  }

  async #start(): Promise<void> {
    const previous = this.#running;
    const batch = this.#waiting.splice(0);
    this.#running = previous.then(() => this.#sync(batch));
    await previous;
    this.#check();
  }

  async #sync(batch: number[]): Promise<void> {
    const lane = async () => {
      for (let descriptor = batch.pop(); descriptor !== undefined; descriptor = batch.pop()) {
        try {
          if (this.#failure === null) await syncDescriptor(descriptor);
        } catch (error) {
          this.#failure = error;
        } finally {
          closeSync(descriptor);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}
