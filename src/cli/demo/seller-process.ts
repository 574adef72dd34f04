/**
 * A program of its own: sells at the till until its parent says `stop` or is gone. Started by `Seller` with the root
 * of the till; says when the first sales are made, answers `stop` with how many there were, and ends.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../shared/clock.js';
import { SeededRandom } from './seeded-random.js';
import { placeTill, printReceipt, receiptPath } from './till.js';
import { TillDatabase } from './till-database.js';

const SEED = 7;
const SALES_PER_TURN = 5;
/** 5 sales in 10 ms are at most 500 commits a second. */
const TURN_MS = 10;
const SALES_PER_RECEIPT = 25;

const till = placeTill(process.argv[2] ?? '.');
const database = new TillDatabase(till.database, new SeededRandom(SEED));
const stop = new AbortController();
process.on('message', () => stop.abort());
process.on('disconnect', () => stop.abort());
// Ctrl-C reaches the whole process group; the parent decides when selling ends.
process.on('SIGINT', () => undefined);

let sold = 0;
try {
  while (!stop.signal.aborted) {
    for (let turn = 0; turn < SALES_PER_TURN; turn++, sold++) sellOne();
    if (sold === SALES_PER_TURN) process.send?.({ sold });
    await sleep(TURN_MS);
  }
} finally {
  database.close();
}
if (process.connected) process.send?.({ sold }, () => process.disconnect());

/** The receipt is on the disk before the sale that names it is committed. */
function sellOne(): void {
  database.transaction(() => {
    const soldAt = Math.floor(systemClock.now().getTime() / 1000);
    let receipt: string | null = null;
    const sale = database.sell(soldAt, (id) => {
      receipt = id % SALES_PER_RECEIPT === 0 ? receiptPath(id) : null;
      return receipt;
    });
    if (receipt === null) return;
    const path = join(till.files, receipt);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, printReceipt(sale));
  });
}
