/** What the journal of restores must hold for a plan to be gone by: an odd one would undo at a place nobody knows. */
import type { JournalPart } from '../engine/index.js';
import { COMPONENTS } from '../shared/component.js';
import { invariant } from '../shared/errors.js';

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => typeof value === 'number';
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasFields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && Object.entries(checks).every(([name, check]) => check(value[name]));

const PLACE = { shownAs: isText, live: isText, folder: isText, missing: isListOf(isText) };
const DATABASE_FILE = { folder: isText, staged: isText, live: isText, name: isText };

/** Plans of the places of a folder component, by kind (place-plans.ts). */
const PLACES: Readonly<Record<string, Check>> = {
  replace: hasFields({ ...PLACE, exclusive: isFlag, isTaken: isFlag }),
  add: hasFields({ ...PLACE, made: isListOf(isText), touched: isListOf(isListOf(isText)) }),
  contents: hasFields({
    ...PLACE,
    names: isListOf(isText),
    before: hasFields({ mode: isNumber, uid: isNumber, gid: isNumber, mtimeNs: isText }),
  }),
};

/** Plans of a database, by kind. */
const DATABASES: Readonly<Record<string, Check>> = {
  rename: hasFields({ ...DATABASE_FILE, missing: isListOf(isText) }),
  online: hasFields({
    ...DATABASE_FILE,
    evidence: hasFields({ schemaVersion: isNumber, pageBytes: isNumber, pages: isListOf(Array.isArray) }),
  }),
  server: hasFields({ restoreId: isText }),
};

/** Fails for a part of a journal entry that its target could not go by. */
export function assertPart(part: JournalPart): void {
  invariant(isRecord(part) && isRecord(part.plan), 'a part of an entry has a plan');
  const { component, isFinal, plan } = part;
  invariant(COMPONENTS.includes(component) && isFlag(isFinal), 'a part of an entry names its component');
  const isPlan =
    component === 'DATABASE' ? isOfKind(DATABASES) : hasFields({ places: isListOf(isOfKind(PLACES)) });
  invariant(isPlan(plan), `the plan of ${component} is one that this version knows`);
}

function isOfKind(kinds: Readonly<Record<string, Check>>): Check {
  return (value) =>
    isRecord(value) &&
    typeof value.kind === 'string' &&
    Object.hasOwn(kinds, value.kind) &&
    kinds[value.kind]!(value);
}
