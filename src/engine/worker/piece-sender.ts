/**
 * Sends the pieces of a stream to the server's thread in batches, no faster than they are taken there. Bytes are copied
 * once, into a buffer of their batch whose memory then goes over to the other thread.
 *
 * Memory: BATCH_BYTES here, and BATCH_CREDITS batches on their way.
 */
import { BufferRelease } from '../../shared/buffer-release.js';
import { KiB } from '../../shared/bytes.js';
import { CancelledError } from '../../shared/errors.js';
import type { SnapshotPiece } from '../engine.js';
import { BATCH_CREDITS } from './protocol.js';

/** Content bytes in one batch. */
const BATCH_BYTES = 256 * KiB;
/** Small files share a batch, up to this many pieces. */
const BATCH_PIECES = 128;

/** Hands a batch over; the memory of `transfer` is no longer there afterwards. */
export type SendBatch = (pieces: SnapshotPiece[], transfer: ArrayBuffer[]) => void;

export class PieceSender {
  readonly #send: SendBatch;
  readonly #signal: AbortSignal;
  readonly #release = new BufferRelease();
  #credits = BATCH_CREDITS;
  #granted = Promise.withResolvers<void>();
  #pieces: SnapshotPiece[] = [];
  #buffer: Buffer<ArrayBuffer> | null = null;
  #used = 0;

  constructor(send: SendBatch, signal: AbortSignal) {
    this.#send = send;
    this.#signal = signal;
  }

  /** One more batch may be sent. */
  grant(): void {
    this.#credits++;
    this.#granted.resolve();
  }

  /** Sends everything. @throws CancelledError when the signal aborts meanwhile, and what `pieces` throws */
  async sendAll(pieces: AsyncIterable<SnapshotPiece>): Promise<void> {
    for await (const piece of pieces) {
      if (piece.kind === 'content') await this.#addContent(piece.bytes);
      else this.#pieces.push(detach(piece));
      if (this.#pieces.length >= BATCH_PIECES) await this.#flush();
    }
    await this.#flush();
  }

  async #addContent(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      this.#buffer ??= Buffer.allocUnsafeSlow(BATCH_BYTES);
      const part = bytes.subarray(at, at + BATCH_BYTES - this.#used);
      this.#buffer.set(part, this.#used);
      this.#pieces.push({
        kind: 'content',
        bytes: this.#buffer.subarray(this.#used, this.#used + part.length),
      });
      this.#used += part.length;
      at += part.length;
      if (this.#used === BATCH_BYTES) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    if (this.#pieces.length === 0) return;
    while (this.#credits === 0) await this.#waitForCredit();
    this.#credits--;
    this.#release.passed(this.#used);
    this.#send(this.#pieces, this.#buffer ? [this.#buffer.buffer] : []);
    this.#pieces = [];
    this.#buffer = null;
    this.#used = 0;
  }

  async #waitForCredit(): Promise<void> {
    this.#granted = Promise.withResolvers<void>();
    const stop = () => this.#granted.resolve();
    this.#signal.addEventListener('abort', stop, { once: true });
    if (!this.#signal.aborted) await this.#granted.promise;
    this.#signal.removeEventListener('abort', stop);
    if (this.#signal.aborted) throw new CancelledError();
  }
}

/** A copy whose bytes have memory of their own: a view would take the whole block that it lies in along. */
function detach(piece: Exclude<SnapshotPiece, { kind: 'content' }>): SnapshotPiece {
  const path = new Uint8Array(piece.path);
  if (piece.kind === 'symlink') return { ...piece, path, target: new Uint8Array(piece.target) };
  if (piece.kind === 'file') return { ...piece, path, checksum: new Uint8Array(piece.checksum) };
  return { ...piece, path };
}
