/**
 * A name as it is compared without regard to case: normal form C, lower case.
 * Computed here and stored, so that SQLite (which folds only ASCII) and PostgreSQL agree.
 */
export function toSortName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** Private-use characters that stand for LIKE's wildcards and its escape, which mean other things to each database. */
const STANDINS: Record<string, string> = { '%': '\u{E000}', _: '\u{E001}', '\\': '\u{E002}' };

/** A name, or a part of one, as it is searched for: as `toSortName`, and without characters that LIKE interprets. */
export function toSearchName(name: string): string {
  return toSortName(name).replaceAll(/[%_\\]/g, (character) => STANDINS[character] ?? character);
}
