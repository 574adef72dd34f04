import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfCancelled } from '../shared/errors.js';

/** About a millisecond's worth of small system calls. */
const STEPS_A_TURN = 64;

/** Breaks long rows of synchronous steps, so that other work, and a cancellation, get their turn. */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  #steps = 0;

  /** @param signal none for work that must come to its end, such as an undo */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** To be awaited after every step. @throws CancelledError */
  async step(): Promise<void> {
    if (++this.#steps % STEPS_A_TURN !== 0) return;
    await nextTurn();
    throwIfCancelled(this.#signal);
  }
}
