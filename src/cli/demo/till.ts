/** A realistic till in a folder: database, configuration, cache, receipts and pictures. The same on every run. */
import { chmod, lutimes, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KiB } from '../../shared/bytes.js';
import { throwIfCancelled } from '../../shared/errors.js';
import { SeededRandom } from './seeded-random.js';
import { createTillDatabase, type Sale, TillDatabase } from './till-database.js';

/** Where the till keeps its things. */
export interface Till {
  /** Absolute path; the other paths are below it. */
  readonly root: string;
  readonly database: string;
  readonly config: string;
  readonly cache: string;
  readonly files: string;
}

/** How much a till holds. */
export interface TillSize {
  /** About how many lines its sales have, 3 each on average. */
  saleLines: number;
  /** About how many receipts. */
  receipts: number;
  /** How many pictures, half a megabyte each on average. */
  pictures: number;
}

const SEED = 20_250_102;
const LINES_PER_SALE = 3;
const SESSIONS = 200;
const SALES_PER_TRANSACTION = 5000;
/** 2 January 2025, 08:00 UTC, in seconds. */
const OPENED_AT = 1_735_804_800;
const SECONDS_BETWEEN_SALES = 90;

/** The places of a till below `root`. */
export function placeTill(root: string): Till {
  return {
    root,
    database: join(root, 'database', 'pos.db'),
    config: join(root, 'config'),
    cache: join(root, 'cache'),
    files: join(root, 'files'),
  };
}

/** Makes a till. `till.root` must be empty. @throws CancelledError */
export async function makeTill(till: Till, size: TillSize, signal: AbortSignal): Promise<void> {
  const random = new SeededRandom(SEED);
  await mkdir(dirname(till.database), { recursive: true });
  createTillDatabase(till.database, random);
  await sellAll(till, size, { random, signal });
  await makeConfig(till.config);
  await makeCache(till.cache, random);
  await makePictures(till.files, size.pictures, { random, signal });
}

/** Path of a sale's receipt below the till's files. */
export function receiptPath(saleId: number): string {
  return `receipts/${String(Math.floor(saleId / 1000)).padStart(4, '0')}/${String(saleId).padStart(8, '0')}.txt`;
}

/** A receipt as the till prints it. */
export function printReceipt({ id, totalCents, lines }: Sale): string {
  const rows = lines.map(({ productId, quantity, priceCents }) => {
    const price = ((quantity * priceCents) / 100).toFixed(2);
    return `${String(quantity).padStart(3)} x article ${String(productId).padEnd(10)} ${price.padStart(12)}`;
  });
  const rule = '-'.repeat(38);
  const total = `TOTAL ${(totalCents / 100).toFixed(2).padStart(32)}`;
  return [
    'CORNER SHOP, 12 MARKET STREET',
    `Receipt ${id}`,
    rule,
    ...rows,
    rule,
    total,
    'Thank you!',
    '',
  ].join('\n');
}

interface Making {
  random: SeededRandom;
  signal: AbortSignal;
}

async function sellAll(till: Till, size: TillSize, { random, signal }: Making): Promise<void> {
  const { saleLines, receipts } = size;
  const database = new TillDatabase(till.database, random);
  const salesPerReceipt = Math.max(1, Math.floor(saleLines / LINES_PER_SALE / receipts));
  const hasReceipt = (id: number) => id % salesPerReceipt === 0;
  try {
    for (let lines = 0, sold = 0; lines < saleLines; ) {
      throwIfCancelled(signal);
      const sales = database.transaction(() => {
        const made: Sale[] = [];
        while (made.length < SALES_PER_TRANSACTION && lines < saleLines) {
          const soldAt = OPENED_AT + sold++ * SECONDS_BETWEEN_SALES;
          const sale = database.sell(soldAt, (id) => (hasReceipt(id) ? receiptPath(id) : null));
          lines += sale.lines.length;
          made.push(sale);
        }
        return made;
      });
      for (const sale of sales.filter(({ id }) => hasReceipt(id))) {
        await writeDated(join(till.files, receiptPath(sale.id)), printReceipt(sale), sale.id);
      }
    }
  } finally {
    database.close();
  }
}

async function makeConfig(folder: string): Promise<void> {
  const settings = {
    shop: 'Corner Shop',
    currency: 'EUR',
    taxRates: [0.07, 0.19],
    drawer: { openOnCash: true },
  };
  await writeDated(join(folder, 'pos.json'), `${JSON.stringify(settings, null, 2)}\n`, 1);
  await writeDated(join(folder, 'printer.ini'), '[printer]\nport=/dev/usb/lp0\nwidth=38\ncut=partial\n', 2);
  await writeDated(
    join(folder, 'printer-spare.ini'),
    '[printer]\nport=/dev/usb/lp1\nwidth=42\ncut=full\n',
    3,
  );
  await writeDated(join(folder, 'terminal.key'), 'demo terminal key, worth nothing\n', 4);
  await chmod(join(folder, 'terminal.key'), 0o600);
  await symlink('printer.ini', join(folder, 'printer-active.ini'));
  await lutimes(join(folder, 'printer-active.ini'), OPENED_AT, OPENED_AT);
  await mkdir(join(folder, 'plugins'), { mode: 0o750 });
}

async function makeCache(folder: string, random: SeededRandom): Promise<void> {
  for (let at = 0; at < SESSIONS; at++) {
    const session = {
      cashier: random.between(1, 12),
      basket: [random.between(1, 2000)],
      nonce: random.next(),
    };
    await writeDated(join(folder, 'sessions', `session-${at}.json`), JSON.stringify(session), at);
  }
  await writeDated(join(folder, 'price-list.bin'), random.bytes(256 * KiB), SESSIONS);
}

async function makePictures(folder: string, count: number, { random, signal }: Making): Promise<void> {
  for (let at = 0; at < count; at++) {
    throwIfCancelled(signal);
    const picture = random.bytes(random.between(100 * KiB, 900 * KiB));
    await writeDated(join(folder, 'pictures', `product-${String(at).padStart(4, '0')}.jpg`), picture, at);
  }
}

/** Writes a file as if it had been written at the time of sale number `order`. */
async function writeDated(path: string, content: string | Buffer, order: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  const time = OPENED_AT + order * SECONDS_BETWEEN_SALES;
  await utimes(path, time, time);
}
