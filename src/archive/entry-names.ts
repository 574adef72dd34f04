/**
 * Names within an archive. A backup's names are bytes; an archive's are text, and ZIP is opened on systems to which more
 * characters have a meaning. A byte that cannot stand is written `%HH` (upper case), and so is a `%` that would look
 * like one of those: two names never become one, and no part of a name becomes a way out of the archive's folder.
 *
 * - `tar`: only bytes that are not UTF-8.
 * - `zip`: those, control characters, `\ : * ? " < > |`, and a dot or a space at the end of a part.
 */
export type NameStyle = 'tar' | 'zip';

const PERCENT = '%';
const ZIP_RESERVED = /[\p{Cc}\\:*?"<>|]/u;
const LOOKS_ESCAPED = /%([0-9A-F]{2})/g;
const MAX_ROOT_BYTES = 200;

/** `path`, bytes parted by `/`, as the name of an entry. */
export function toEntryName(path: Uint8Array, style: NameStyle): string {
  return splitParts(Buffer.from(path.buffer, path.byteOffset, path.byteLength))
    .map((part) => escapePart(part, style))
    .join('/');
}

/** The bytes of a link's target as text; it is not looked at as a path. */
export function toLinkTarget(target: Uint8Array): string {
  return escapePart(Buffer.from(target.buffer, target.byteOffset, target.byteLength), 'tar');
}

/**
 * The folder that everything in an archive lies in, from what users call the backup: one part of a path on every system,
 * of at most 200 bytes.
 */
export function toRootName(backupName: string): string {
  const cleaned = backupName
    .normalize('NFC')
    .replace(/[\p{C}\p{Zl}\p{Zp}\\/:*?"<>|%]/gu, '_')
    .replace(/^[.\-~ ]+/, '_');
  let name = '';
  for (const character of cleaned) {
    if (Buffer.byteLength(name + character) > MAX_ROOT_BYTES) break;
    name += character;
  }
  return name.replace(/[. ]+$/, '') || 'backup';
}

function splitParts(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', start)) {
    parts.push(path.subarray(start, slash));
    start = slash + 1;
  }
  parts.push(path.subarray(start));
  return parts;
}

function escapePart(part: Buffer, style: NameStyle): string {
  const text = part.toString('utf8');
  const isText = !text.includes('\uFFFD') || Buffer.from(text).equals(part);
  const marked = isText ? [...text] : splitCharacters(part);
  let escaped = '';
  for (const [place, character] of marked.entries()) {
    const isLast = place === marked.length - 1;
    if (typeof character === 'number') escaped += escapeBytes([character]);
    else if (character === PERCENT && isAmbiguous(marked, place, style)) escaped += escapeBytes([0x25]);
    else if (style === 'zip' && (ZIP_RESERVED.test(character) || (isLast && /[. ]/.test(character))))
      escaped += escapeBytes(Buffer.from(character));
    else escaped += character;
  }
  return escaped;
}

/** Characters, and the bytes between them that belong to none. */
function splitCharacters(part: Buffer): (string | number)[] {
  const found: (string | number)[] = [];
  for (let at = 0; at < part.length; ) {
    const character = characterAt(part, at);
    found.push(character ?? part[at]!);
    at += character === null ? 1 : Buffer.byteLength(character);
  }
  return found;
}

function characterAt(bytes: Buffer, at: number): string | null {
  for (let length = 1; length <= 4; length++) {
    const candidate = bytes.subarray(at, at + length);
    const text = candidate.toString('utf8');
    if (Buffer.from(text).equals(candidate)) return text;
  }
  return null;
}

/** True when what begins with the `%` at `place` could be taken for an escaped byte. */
function isAmbiguous(marked: readonly (string | number)[], place: number, style: NameStyle): boolean {
  const [found] = [
    ...marked
      .slice(place, place + 3)
      .join('')
      .matchAll(LOOKS_ESCAPED),
  ];
  if (!found || marked.slice(place, place + 3).some((each) => typeof each === 'number')) return false;
  const byte = Number.parseInt(found[1]!, 16);
  if (byte >= 0x80 || byte === 0x25) return true;
  const character = String.fromCharCode(byte);
  return (
    style === 'zip' &&
    (ZIP_RESERVED.test(character) || (/[. ]/.test(character) && place + 3 === marked.length))
  );
}

function escapeBytes(bytes: Iterable<number>): string {
  return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
