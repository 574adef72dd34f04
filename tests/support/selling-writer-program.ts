/**
 * A till that sells, as a program of its own: commits sales as fast as it can and says every second how many.
 * Every commit keeps an invariant: the sum of `sale.cents` is the sum of `drawer.cents`, and `counter` counts sales.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';

const database = new DatabaseSync(process.argv[2]!, { timeout: 20_000 });
const insert = database.prepare('INSERT INTO sale (cents, note) VALUES (?, ?)');
const pay = database.prepare('UPDATE drawer SET cents = cents + ? WHERE id = ?');
const count = database.prepare('UPDATE counter SET sales = sales + 1');
let commits = 0;
let isStopped = false;
process.on('message', (message) => {
  if (message === 'stop') isStopped = true;
});
process.on('disconnect', () => {
  isStopped = true;
});
database.exec('PRAGMA synchronous = NORMAL');
while (!isStopped) {
  const cents = (commits * 7919) % 10_000;
  database.exec('BEGIN IMMEDIATE');
  insert.run(cents, 'receipt '.repeat(commits % 20));
  pay.run(cents, (commits % 8) + 1);
  count.run();
  database.exec('COMMIT');
  commits += 1;
  if (commits === 1) process.send?.({ commits });
  // Lets the message to stop in, and other programs to the lock, as a till does between sales.
  if (commits % 8 === 0) await wait(1);
}
database.close();
process.send?.({ commits });
process.disconnect?.();
