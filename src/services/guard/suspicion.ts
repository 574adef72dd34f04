/**
 * Tells a backup whose content changed suddenly: emptied by a mistake, swollen, or encrypted by somebody else. A pure
 * function of what backups say of themselves. docs/adr/0012 has the thresholds and why they are so.
 *
 * Each component is compared with the median of the backups before it, which a single odd one does not move. A change
 * is told only when it is large in proportion and in bytes or files, so that tiny tills raise no alarm. The cache is
 * left out: it is emptied as a matter of course.
 */
import { KiB, MiB, printBytes } from '../../shared/bytes.js';
import type { BackupComponentRecord, BackupRecord } from '../../shared/operation.js';

/** What of a backup is compared. */
export type ComparedBackup = Pick<
  BackupRecord,
  'components' | 'encrypted' | 'compressed' | 'suspicion' | 'confirmedAt'
>;

/** Earlier backups that a new one is compared with at most. */
export const MAX_COMPARED = 7;
/** Fewer say nothing yet, unless an administrator has confirmed one of them. */
const MIN_COMPARED = 3;

/** Less than this share of the median is left… */
const SHRUNK_SHARE = 0.5;
/** …and at least so much is gone. */
const LOST_BYTES = 256 * KiB;
const LOST_FILES = 20;
/** More than so many times the median… */
const GROWN_TIMES = 4;
/** …and at least so much has come. */
const GAINED_BYTES = 256 * MiB;
const GAINED_FILES = 5_000;
/** This share of a component is new content that zstd could not make smaller… */
const INCOMPRESSIBLE_SHARE = 0.75;
/** …where before at most this share was new… */
const USUALLY_NEW_SHARE = 0.25;
/** …of a component of at least so much. */
const COMPRESSION_BYTES = MiB;

/**
 * Why `backup` is suspicious, one sentence a component; null when it is not.
 * @param previous earlier COMPLETED backups, newest first, of any components
 */
export function findSuspicion(
  backup: Pick<ComparedBackup, 'components' | 'encrypted' | 'compressed'>,
  previous: readonly ComparedBackup[],
): string | null {
  const findings = backup.components
    .filter(({ component }) => component !== 'CACHE')
    .flatMap((part) => {
      const comparable = chooseComparable(backup, part, previous);
      return comparable === null ? [] : compare(part, comparable, backup.compressed);
    });
  return findings.length === 0 ? null : `${findings.join('. ')}`;
}

/** What the same component was before; null when too little is known of it. */
function chooseComparable(
  { encrypted, compressed }: Pick<ComparedBackup, 'encrypted' | 'compressed'>,
  { component, source }: BackupComponentRecord,
  previous: readonly ComparedBackup[],
): BackupComponentRecord[] | null {
  const parts: BackupComponentRecord[] = [];
  for (const earlier of previous) {
    if (earlier.suspicion !== null && earlier.confirmedAt === null) continue;
    const part = earlier.components.find((each) => each.component === component && each.source === source);
    if (part === undefined || earlier.encrypted !== encrypted || earlier.compressed !== compressed) continue;
    parts.push(part);
    // What was before a confirmed change is no measure any more.
    if (earlier.confirmedAt !== null) return parts;
    if (parts.length === MAX_COMPARED) break;
  }
  return parts.length < MIN_COMPARED ? null : parts;
}

function compare(
  part: BackupComponentRecord,
  before: readonly BackupComponentRecord[],
  isCompressed: boolean,
): string[] {
  const usualBytes = median(before.map(({ sizeBytes }) => sizeBytes));
  const usualFiles = median(before.map(({ fileCount }) => fileCount));
  const usuallyNew = median(before.map(shareOfNew));
  const { component, sizeBytes, fileCount, storedBytes } = part;
  const findings: string[] = [];
  if (hasShrunk(sizeBytes, usualBytes, LOST_BYTES) || hasGrown(sizeBytes, usualBytes, GAINED_BYTES)) {
    findings.push(`${component} holds ${printBytes(sizeBytes)}, where ${printBytes(usualBytes)} are usual`);
  }
  if (hasShrunk(fileCount, usualFiles, LOST_FILES) || hasGrown(fileCount, usualFiles, GAINED_FILES)) {
    findings.push(`${component} holds ${fileCount} files, where ${usualFiles} are usual`);
  }
  const isLarge = isCompressed && sizeBytes >= COMPRESSION_BYTES;
  if (isLarge && shareOfNew(part) >= INCOMPRESSIBLE_SHARE && usuallyNew <= USUALLY_NEW_SHARE) {
    const stored = `${printBytes(storedBytes)} of ${printBytes(sizeBytes)}`;
    findings.push(
      `${component} is nearly all new and does not compress any more (${stored} had to be stored), as if it had been encrypted`,
    );
  }
  return findings;
}

/** Bytes that had to be stored for each byte captured: small when little changed or it compresses well. */
function shareOfNew({ sizeBytes, storedBytes }: BackupComponentRecord): number {
  return sizeBytes === 0 ? 0 : storedBytes / sizeBytes;
}

function hasShrunk(now: number, usual: number, least: number): boolean {
  return now < usual * SHRUNK_SHARE && usual - now >= least;
}

function hasGrown(now: number, usual: number, least: number): boolean {
  return now > usual * GROWN_TIMES && now - usual >= least;
}

/** The lower of the two in the middle, when there are two. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
