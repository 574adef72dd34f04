/** Times and owners that do not fit into the classic header of tar, for its extended header (POSIX.1-2001, pax). */

const NS_PER_SECOND = 1_000_000_000n;
/** The classic header holds whole seconds; the library writes them as a 32-bit number. */
const MAX_SECONDS = 2n ** 31n - 1n;
/** Six octal digits. */
const MAX_CLASSIC_ID = 0o777777;

/** The time that the classic header holds: the nearest one that it can. */
export function toClassicDate(mtimeNs: bigint): Date {
  const seconds = mtimeNs / NS_PER_SECOND;
  return new Date(Number(seconds < 0n ? 0n : seconds > MAX_SECONDS ? MAX_SECONDS : seconds) * 1_000);
}

/** What the extended header must say of times and owners; empty when the classic one says it all. */
export function toExtendedFields(entry: {
  mtimeNs: bigint;
  uid: number;
  gid: number;
}): Record<string, string> {
  const { mtimeNs, uid, gid } = entry;
  const isExact = BigInt(toClassicDate(mtimeNs).getTime()) * 1_000_000n === mtimeNs;
  return {
    ...(!isExact && { mtime: printSeconds(mtimeNs) }),
    ...(uid > MAX_CLASSIC_ID && { uid: String(uid) }),
    ...(gid > MAX_CLASSIC_ID && { gid: String(gid) }),
  };
}

/** Decimal seconds, such as -1.5 or 1700000000.123456789. */
function printSeconds(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  const fraction = String(size % NS_PER_SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${size / NS_PER_SECOND}${fraction && `.${fraction}`}`;
}
