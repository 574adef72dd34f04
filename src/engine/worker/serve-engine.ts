/** The engine's side of the thread boundary: runs calls, one AbortController each, and throttles progress. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../shared/clock.js';
import type { Engine, RunOptions } from '../engine.js';
import { PieceSender } from './piece-sender.js';
import {
  type Calls,
  type FromEngine,
  type Method,
  type ToEngine,
  toFailure,
  type Update,
} from './protocol.js';

/** Progress crosses the boundary at most this often, but for changes of phase and component. */
const PROGRESS_EVERY_MS = 40;

// One for the thread: it stands for the call stack, through an engine that knows nothing of calls.
const calls = new AsyncLocalStorage<number>();

/** The call that what runs now is part of, for what the engine says beside its answers; null for none. */
export function currentCall(): number | null {
  return calls.getStore() ?? null;
}

type Call = Extract<ToEngine, { kind: 'call' }>;

/** Answers calls that arrive on `port` until it is closed. */
export function serveEngine(port: MessagePort, engine: Engine, clock: Clock): void {
  const running = new Map<number, { controller: AbortController; pieces: PieceSender }>();
  const send = (message: FromEngine) => port.postMessage(message);

  const answer = async (call: Call): Promise<void> => {
    const controller = new AbortController();
    const pieces = new PieceSender((batch, transfer) => {
      port.postMessage({ kind: 'pieces', id: call.id, pieces: batch } satisfies FromEngine, transfer);
    }, controller.signal);
    running.set(call.id, { controller, pieces });
    const progress = throttle(clock, (update) => send({ kind: 'progress', id: call.id, update }));
    try {
      const result = await calls.run(call.id, run, engine, call, {
        signal: controller.signal,
        onProgress: progress.report,
        pieces,
      });
      progress.flush();
      send({ kind: 'answer', id: call.id, answer: result });
    } catch (error) {
      progress.flush();
      send({ kind: 'failure', id: call.id, failure: toFailure(error) });
    } finally {
      running.delete(call.id);
    }
  };

  port.on('message', (message: ToEngine) => {
    if (message.kind === 'cancel') running.get(message.id)?.controller.abort();
    else if (message.kind === 'credit') running.get(message.id)?.pieces.grant();
    else void answer(message); // never rejects: every outcome is sent
  });
}

async function run(
  engine: Engine,
  call: Call,
  options: RunOptions<Update> & { pieces: PieceSender },
): Promise<Calls[Method]['answer']> {
  switch (call.method) {
    case 'open':
      await engine.open(call.request);
      return null;
    case 'backup':
      return engine.backup(call.request, options);
    case 'restore':
      return engine.restore(call.request, options);
    case 'verify':
      return engine.verify(call.request, options);
    case 'testRestore':
      return engine.testRestore(call.request, options);
    case 'listObjects':
      return engine.listObjects(options.signal ? { signal: options.signal } : {});
    case 'checkObjects':
      return engine.checkObjects(call.request, options);
    case 'findDamagedBackups':
      return engine.findDamagedBackups(options.signal ? { signal: options.signal } : {});
    case 'streamSnapshot':
      await options.pieces.sendAll(
        engine.streamSnapshot(call.request, options.signal ? { signal: options.signal } : {}),
      );
      return null;
    case 'listSnapshots':
      return engine.listSnapshots(options.signal ? { signal: options.signal } : {});
    case 'measureStorage':
      return engine.measureStorage(options.signal ? { signal: options.signal } : {});
    case 'deriveKey':
      return engine.deriveKey(call.request);
    case 'recoverRestores':
      return engine.recoverRestores(call.request);
    case 'acknowledgeRestore':
      await engine.acknowledgeRestore(call.request);
      return null;
    case 'prune':
      return engine.prune(call.request, options);
    case 'deleteSnapshot':
      await engine.deleteSnapshot(call.request);
      return null;
  }
}

/** Passes on changes of phase at once, the rest at most every PROGRESS_EVERY_MS; `flush` sends what was held back. */
function throttle(clock: Clock, send: (update: Update) => void) {
  let sentAtMs = Number.NEGATIVE_INFINITY;
  let sent: Update | null = null;
  let held: Update | null = null;
  const pass = (update: Update) => {
    send(update);
    sent = update;
    held = null;
    sentAtMs = clock.monotonicMs();
  };
  return {
    report: (update: Update) => {
      const isNews = sent === null || stepOf(update) !== stepOf(sent);
      if (isNews && held) pass(held); // the last of the phase before
      if (isNews || clock.monotonicMs() - sentAtMs >= PROGRESS_EVERY_MS) pass(update);
      else held = update;
    },
    flush: () => {
      if (held) pass(held);
    },
  };
}

/** Phase and component, of operations that have them. */
function stepOf(update: Update): string {
  return 'phase' in update ? `${update.phase} ${update.component}` : '';
}
