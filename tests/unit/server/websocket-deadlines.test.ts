import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import { closeAt } from '../../../src/server/websocket-deadlines.js';
import { systemClock } from '../../../src/shared/clock.js';

function closingSocket(): { socket: WebSocket; closed: unknown[][] } {
  const closed: unknown[][] = [];
  const socket = Object.assign(new EventEmitter(), { close: (...args: unknown[]) => void closed.push(args) });
  return { socket: socket as unknown as WebSocket, closed };
}

describe('closeAt()', () => {
  const deadline = (milliseconds: number) => ({
    at: new Date(Date.now() + milliseconds),
    code: 4403,
    reason: 'over',
  });

  it('closes at the instant by the clock, not before', async () => {
    const { socket, closed } = closingSocket();
    const at = new Date('2026-06-01T12:00:00.000Z');
    let nowMs = at.getTime() - 5;
    closeAt(socket, { at, code: 4403, reason: 'over' }, { now: () => new Date(nowMs), monotonicMs: () => 0 });
    await delay(50);
    expect(closed).to.deep.equal([]);
    nowMs += 5;
    while (closed.length === 0) await delay(1);
    expect(closed).to.deep.equal([[4403, 'over']]);
  });

  it('closes soon when the instant has passed', async () => {
    const { socket, closed } = closingSocket();
    closeAt(socket, deadline(-1), systemClock);
    while (closed.length === 0) await delay(1);
    expect(closed).to.have.length(1);
  });

  it('waits for an instant further away than timers reach', async () => {
    const { socket, closed } = closingSocket();
    const stop = closeAt(socket, deadline(2 ** 33), systemClock);
    await delay(20);
    stop();
    expect(closed).to.deep.equal([]);
  });

  it('does nothing once it is stopped', async () => {
    const { socket, closed } = closingSocket();
    closeAt(socket, deadline(10), systemClock)();
    await delay(30);
    expect(closed).to.deep.equal([]);
  });
});
