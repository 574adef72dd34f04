/** Keeps the latest results in `docs/benchmarks.md`, each between two marks. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Machine } from '../measure/machine.js';

/** A part of the document that is written by one command. */
export type DocumentPart = 'compare' | 'scale' | 'memory' | 'api';

const DOCUMENT = new URL('../../../../docs/benchmarks.md', import.meta.url);

/** Replaces one part of the document. @throws Error when the marks are not there */
export async function writePart(part: DocumentPart, lines: readonly string[]): Promise<void> {
  const text = await readFile(DOCUMENT, 'utf8');
  await writeFile(DOCUMENT, replacePart(text, part, lines));
}

/** `text` with the lines between the marks of `part` replaced. */
export function replacePart(text: string, part: DocumentPart, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${part}: begin -->`, `<!-- ${part}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`Expected the marks "${begin}" and "${end}" in docs/benchmarks.md`);
  return [text.slice(0, from + begin.length), '', ...trimEnd(lines), '', text.slice(to)].join('\n');
}

function trimEnd(lines: readonly string[]): readonly string[] {
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
}

/** What a result was measured on, as one paragraph. */
export function printMachine(machine: Machine, programs: readonly string[]): string[] {
  const { cpu, cores, memoryBytes, system, fileSystem, commit, date } = machine;
  const memory = `${(memoryBytes / 1e9).toFixed(0)} GB of memory`;
  const sources = commit === null ? '' : `, commit ${commit}`;
  return [
    `Measured ${date} on ${cores} cores of ${cpu}, ${memory}, ${system}, ${fileSystem}, warm page cache${sources}.`,
    `${programs.join('; ')}.`,
  ];
}
