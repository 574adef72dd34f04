import { closeSync, fsync } from 'node:fs';
import { promisify } from 'node:util';
import { type FileSystemSync, fileSystemSync } from './file-system-sync.js';

const syncDescriptor = promisify(fsync);

/** Descriptors that wait open for their turn, at most twice: one batch gathers while one is synced. */
const BATCH = 128;
/** Syncs at the same time: as many as Node's thread pool has threads. */
const AT_ONCE = 4;

/**
 * Makes written files and folders durable. Takes descriptors over and closes them.
 *
 * A few are synced one by one. From the first full batch on the file system is synced as a whole, once, when all is
 * written: 8,000 receipts take 0.2 s like that, and 6 s one by one, even four at a time. Where the system cannot do
 * that, they are synced in the background, batch by batch, because a journalling file system commits a batch about as
 * fast as one file. Holds at most 256 open descriptors.
 */
export class SyncQueue {
  readonly #folder: string;
  readonly #fileSystem: FileSystemSync;
  #waiting: number[] = [];
  #running: Promise<void> = Promise.resolve();
  #failure: unknown = null;
  /** Null until the first batch is full. */
  #isWhole: boolean | null = null;

  /** @param folder what is added lies on its file system */
  constructor(folder: string, fileSystem: FileSystemSync = fileSystemSync) {
    this.#folder = folder;
    this.#fileSystem = fileSystem;
  }

  /**
   * Takes `descriptor` over. Waits while two batches are under way.
   * @throws the error of an earlier sync
   */
  async add(descriptor: number): Promise<void> {
    this.#waiting.push(descriptor);
    if (this.#isWhole) this.#closeWaiting();
    else if (this.#waiting.length >= BATCH) await this.#start();
  }

  /** Waits until everything added is durable. */
  async drain(): Promise<void> {
    await this.#running; // which may be the batch that finds out whether the file system can be synced as a whole
    this.#check();
    if (this.#isWhole) {
      this.#closeWaiting();
      await this.#fileSystem.sync(this.#folder);
      return;
    }
    await this.#start();
    await this.#running;
    this.#check();
  }

  /** Closes everything without syncing what has not started. Never throws. */
  async abandon(): Promise<void> {
    this.#closeWaiting();
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
    if (batch.length >= BATCH) this.#isWhole ??= await this.#fileSystem.isPossible(this.#folder);
    const lane = async () => {
      for (let descriptor = batch.pop(); descriptor !== undefined; descriptor = batch.pop()) {
        try {
          if (this.#failure === null && !this.#isWhole) await syncDescriptor(descriptor);
        } catch (error) {
          this.#failure = error;
        } finally {
          closeSync(descriptor);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  #closeWaiting(): void {
    for (const descriptor of this.#waiting.splice(0)) closeSync(descriptor);
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}
