/** The limits of what users may ask for. Messages name the field, the limit and the value found. */
import { COMPONENTS, type Component, sortComponents } from '../shared/component.js';
import { InvalidInputError } from '../shared/errors.js';
import type { BackupRecord } from '../shared/operation.js';
import type { PageRequest } from '../shared/paging.js';

const MAX_NAME_LENGTH = 120;
const MAX_SCHEDULE_NAME_LENGTH = 100;
const MAX_KEPT = 1_000;
const MAX_URL_LENGTH = 2_000;
const MAX_BATCH = 100;
const MAX_IDEMPOTENCY_KEY_LENGTH = 255;
const MAX_SEARCH_LENGTH = 120;
/** Each is a place of its own to stage and swap; a folder counts once. */
const MAX_PATHS = 100;
const MAX_PATH_LENGTH = 16_384;
const MAX_LIMIT = 100;
/** GraphQL's greatest Int. */
const MAX_PAGE = 2 ** 31 - 1;

/** @throws InvalidInputError unless `value` is a whole number from `min` to `max` */
export function checkWholeNumber(
  field: string,
  value: number,
  [min, max]: readonly [number, number],
): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new InvalidInputError(`${field} must be a whole number from ${min} to ${max}, found ${value}`, {
    details: { field },
  });
}

/** @throws InvalidInputError unless the page is 1 or more and the limit is 1 to 100 */
export function checkPage({ page, limit }: PageRequest): PageRequest {
  return {
    page: checkWholeNumber('page', page, [1, MAX_PAGE]),
    limit: checkWholeNumber('limit', limit, [1, MAX_LIMIT]),
  };
}

/** @returns the name without white space around it. @throws InvalidInputError unless 1 to 120 printable characters are left */
export function checkName(name: string): string {
  return checkText('name', name.trim(), MAX_NAME_LENGTH);
}

/** As `checkName`, 1 to 100 characters: its backups add the time to it. */
export function checkScheduleName(name: string): string {
  return checkText('name', name.trim(), MAX_SCHEDULE_NAME_LENGTH);
}

/** @returns null for absent. @throws InvalidInputError unless `count` is a whole number from 1 to 1000 */
export function checkKeep(field: string, count: number | null | undefined): number | null {
  return count == null ? null : checkWholeNumber(field, count, [1, MAX_KEPT]);
}

/**
 * @returns null for absent or empty
 * @throws InvalidInputError unless it is an http: or https: URL without user, password and fragment. The URL itself is
 *   a secret, so the message does not repeat it
 */
export function checkPingUrl(url: string | null | undefined): string | null {
  if (url == null || url === '') return null;
  const parsed = url.length <= MAX_URL_LENGTH && URL.canParse(url) ? new URL(url) : null;
  const isSound =
    parsed !== null &&
    ['http:', 'https:'].includes(parsed.protocol) &&
    `${parsed.username}${parsed.password}${parsed.hash}` === '';
  if (isSound) return parsed.href;
  throw new InvalidInputError(
    `pingUrl must be an http: or https: URL of at most ${MAX_URL_LENGTH} characters, without user, password and fragment, found another one`,
    { details: { field: 'pingUrl' } },
  );
}

/** @throws InvalidInputError unless there are 1 to 100 ids */
export function checkBatch(ids: readonly string[]): void {
  if (ids.length >= 1 && ids.length <= MAX_BATCH) return;
  throw new InvalidInputError(`ids must name 1 to ${MAX_BATCH} backups, found ${ids.length}`, {
    details: { field: 'ids' },
  });
}

/** @throws InvalidInputError unless the key has 1 to 255 printable characters */
export function checkIdempotencyKey(key: string): string {
  return checkText('idempotencyKey', key, MAX_IDEMPOTENCY_KEY_LENGTH);
}

/** @throws InvalidInputError when the text that is searched for is longer than any name, or no name can hold it */
export function checkSearch(search: string): string {
  return search === '' ? search : checkText('search', search, MAX_SEARCH_LENGTH);
}

function checkText(field: string, text: string, maxLength: number): string {
  const { length } = Array.from(text);
  if (length < 1 || length > maxLength) {
    throw new InvalidInputError(`${field} must have 1 to ${maxLength} characters, found ${length}`, {
      details: { field },
    });
  }
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) {
    throw new InvalidInputError(`${field} must not hold control characters, found one`, {
      details: { field },
    });
  }
  return text;
}

/** @returns each component once, in order. @throws InvalidInputError for an empty list */
export function checkComponents(components: readonly Component[]): Component[] {
  if (components.length === 0) {
    throw new InvalidInputError('components must name at least one component, found an empty list', {
      details: { field: 'components' },
    });
  }
  return sortComponents(components);
}

/**
 * Checks the words of paths within a backup; whether it holds them is found when the restore begins.
 * @returns each path once, without a slash at its end
 * @throws InvalidInputError for an empty or too long list, and for a path that is empty, absolute or has `.` or `..`
 */
export function checkPaths(paths: readonly string[]): string[] {
  const refuse = (problem: string): never => {
    throw new InvalidInputError(
      `paths must name 1 to ${MAX_PATHS} files or folders as the backup does, such as files/receipts/1.txt, found ${problem}`,
      { details: { field: 'paths' } },
    );
  };
  if (paths.length < 1 || paths.length > MAX_PATHS) return refuse(`${paths.length} of them`);
  const checked = paths.map((path) => path.replace(/\/+$/, ''));
  for (const path of checked) {
    const parts = path.split('/');
    if (path.length > MAX_PATH_LENGTH) return refuse(`one of ${path.length} characters`);
    if (parts.some((part) => part === '' || part === '.' || part === '..')) return refuse(`'${path}'`);
    if (/[\p{Cc}\p{Cs}]/u.test(path)) return refuse('a control character, which is written \\xHH');
    if (/\\(?!x[0-9a-fA-F]{2})/.test(path)) return refuse(`a backslash in '${path}', which is written \\x5c`);
  }
  return [...new Set(checked)];
}

/**
 * What a backup of this type is to hold.
 * @throws InvalidInputError for PARTIAL without components, and FULL with other than all of them
 */
export function chooseComponents(
  type: 'FULL' | 'PARTIAL',
  components: readonly Component[] | null,
): Component[] {
  if (type === 'PARTIAL') {
    if (components !== null) return checkComponents(components);
    throw new InvalidInputError(
      `components must name what a PARTIAL backup holds, out of ${COMPONENTS.join(', ')}; found none`,
      { details: { field: 'components' } },
    );
  }
  const chosen = components === null ? [...COMPONENTS] : checkComponents(components);
  if (chosen.length === COMPONENTS.length) return chosen;
  throw new InvalidInputError(
    `components of a FULL backup must be absent or all of ${COMPONENTS.join(', ')}, found ${chosen.join(', ')}; ask for a PARTIAL backup instead`,
    { details: { field: 'components' } },
  );
}

/**
 * What is taken of a backup: with paths all but the database, which has none.
 * @throws InvalidInputError when the backup does not hold one that was asked for, or a database is asked for in part
 */
export function chooseHeld(
  backup: Pick<BackupRecord, 'components'>,
  asked: Component[] | null,
  hasPaths: boolean,
): Component[] {
  const all = backup.components.map(({ component }) => component);
  const held = hasPaths && asked === null ? all.filter((component) => component !== 'DATABASE') : all;
  if (hasPaths && (asked?.includes('DATABASE') || held.length === 0)) {
    throw new InvalidInputError(
      'paths name files and folders of CONFIG, CACHE and FILES, a database is restored whole; found paths for DATABASE',
      { details: { field: 'paths' } },
    );
  }
  const missing = asked?.filter((component) => !held.includes(component)) ?? [];
  if (missing.length === 0) return asked ?? held;
  throw new InvalidInputError(
    `components must be among those that the backup holds, ${held.join(', ')}; found ${missing.join(', ')}`,
    { details: { field: 'components' } },
  );
}
