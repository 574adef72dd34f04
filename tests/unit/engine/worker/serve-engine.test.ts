import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import type { BackupOutcome, BackupUpdate, Engine } from '../../../../src/engine/index.js';
import { currentCall, serveEngine } from '../../../../src/engine/index.js';
import type { FromEngine, ToEngine } from '../../../../src/engine/worker/protocol.js';
import { backupRequest, createEngineTill } from '../../../support/engine-till.js';
import { FixedClock } from '../../../support/fixed-clock.js';

const update = (phase: BackupUpdate['phase'], processedBytes: number): BackupUpdate => ({
  phase,
  component: null,
  processedBytes,
  totalBytes: 0,
  storedBytes: 0,
  processedFiles: 0,
  totalFiles: 0,
});

/** Serves an engine whose backup reports `steps`: an update, or milliseconds that pass. Gives what crosses the port. */
async function messagesOf(steps: (BackupUpdate | number)[]): Promise<FromEngine[]> {
  const clock = new FixedClock();
  const engine: Engine = createEngineTill({}).engine;
  engine.backup = async (_request, { onProgress }) => {
    for (const step of steps) typeof step === 'number' ? clock.advance(step) : onProgress?.(step);
    return {} as BackupOutcome;
  };
  const { port1, port2 } = new MessageChannel();
  serveEngine(port1, engine, clock);
  const messages: FromEngine[] = [];
  port2.postMessage({
    kind: 'call',
    id: 7,
    method: 'backup',
    request: backupRequest('b'),
  } satisfies ToEngine);
  while (messages.at(-1)?.kind !== 'answer')
    messages.push(...((await once(port2, 'message')) as FromEngine[]));
  port1.close();
  return messages;
}

const bytesOf = (messages: FromEngine[]) =>
  messages.flatMap((message) => (message.kind === 'progress' ? [message.update.processedBytes] : []));

describe('serveEngine()', () => {
  it('passes on the first update of a phase at once, and others only after a while', async () => {
    const steps = [
      update('SCANNING', 1),
      update('SCANNING', 2),
      update('SCANNING', 3),
      50,
      update('SCANNING', 4),
      update('SCANNING', 5),
    ];
    expect(bytesOf(await messagesOf([...steps, update('CAPTURING', 6)]))).to.deep.equal([1, 4, 5, 6]);
  });

  it('knows which call the engine is at, and that it is at none', async () => {
    const engine: Engine = createEngineTill({}).engine;
    const seen: (number | null)[] = [];
    engine.deriveKey = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(currentCall());
      return new Uint8Array(1);
    };
    const { port1, port2 } = new MessageChannel();
    serveEngine(port1, engine, new FixedClock());
    for (const id of [3, 4])
      port2.postMessage({ kind: 'call', id, method: 'deriveKey', request: 'x' } satisfies ToEngine);
    while (seen.length < 2) await once(port2, 'message');
    port1.close();
    expect([seen, currentCall()]).to.deep.equal([[3, 4], null]);
  });

  it('passes on the last update before the answer', async () => {
    const messages = await messagesOf([
      update('CAPTURING', 1),
      update('CAPTURING', 2),
      update('CAPTURING', 3),
    ]);
    expect(bytesOf(messages)).to.deep.equal([1, 3]);
    expect(messages.at(-1)).to.deep.equal({ kind: 'answer', id: 7, answer: {} });
  });
});
