/** The files of the corpora: receipts, pictures, JSON. The same bytes and times on every run. */
import { utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SeededRandom } from '../../../src/cli/demo/seeded-random.js';
import { throwIfCancelled } from '../../../src/shared/errors.js';
import { createSeededBytes } from '../../support/seeded-random.js';
import type { FileGroup } from './corpus.js';

const FILES_PER_FOLDER = 500;
const FIRST_WRITTEN_AT = 1_735_804_800;
const ARTICLES = [
  'Coffee',
  'Tea',
  'Bread',
  'Butter',
  'Apples',
  'Soap',
  'Candles',
  'Notebook',
  'Pencil',
] as const;

/** Writes the files of `group` below `root`. @throws CancelledError */
export async function makeFiles(root: string, group: FileGroup, signal: AbortSignal): Promise<void> {
  const content = createContent(group);
  for (let number = 0; number < group.count; number++) {
    const path = join(root, filePath(group, number));
    if (number % FILES_PER_FOLDER === 0) {
      throwIfCancelled(signal);
      await mkdir(dirname(path), { recursive: true });
    }
    // A million files are made four times as fast so; between folders there is time for signals.
    const writtenAt = FIRST_WRITTEN_AT + number;
    writeFileSync(path, content());
    utimesSync(path, writtenAt, writtenAt);
  }
}

/** Path of file `number` of a group, below the till. */
export function filePath({ folder, extension }: FileGroup, number: number): string {
  const subfolder = String(Math.floor(number / FILES_PER_FOLDER)).padStart(4, '0');
  return `${folder}/${subfolder}/${String(number).padStart(7, '0')}.${extension}`;
}

/** Answers with the content of one file after the other. */
function createContent({ kind, folder, minBytes, maxBytes }: FileGroup): () => Buffer {
  const bytes = createSeededBytes(`${folder} ${kind}`);
  const random = new SeededRandom(bytes(4).readInt32LE(0));
  const drawSize = () => random.between(Math.floor(minBytes), Math.floor(maxBytes));
  if (kind === 'picture') return () => bytes(drawSize());
  const line = kind === 'receipt' ? printReceiptLine : printJsonLine;
  return () => {
    const lines: string[] = [];
    for (let left = drawSize(); left > 0; left -= lines.at(-1)!.length) lines.push(line(random));
    return Buffer.from(
      kind === 'receipt' ? `CORNER SHOP\n${lines.join('')}THANK YOU\n` : `[${lines.join('')}null]`,
    );
  };
}

function printReceiptLine(random: SeededRandom): string {
  const name = random.pick(ARTICLES).padEnd(12);
  const price = (random.between(49, 9999) / 100).toFixed(2).padStart(10);
  return `${random.between(1, 9)} x ${random.between(100_000, 999_999)} ${name}${price}\n`;
}

function printJsonLine(random: SeededRandom): string {
  const sku = random.between(10_000_000, 99_999_999);
  return `{"sku":"${sku}","name":"${random.pick(ARTICLES)}","cents":${random.between(49, 9999)},"stock":${random.between(0, 400)}},\n`;
}
