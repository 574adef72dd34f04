/**
 * A layer between a program and its disk, loaded before it with `node --import`: numbers every call that changes
 * or reads something below the folders of interest, and at one of them kills the process or makes the call fail. What SQLite
 * does itself is not seen, but every step of a copy by SQLite is a point too.
 *
 * `TILLVAULT_FAULT` holds a FaultPlan as JSON; nothing counts before `armFaults`, unless the plan says so.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';

/** What is to happen, and where. */
export interface FaultPlan {
  /** Absolute folders of interest. */
  roots: string[];
  /** Number of the point, from 1; 0: none, only count. */
  at: number;
  /**
   * `ENOSPC` lasts from its point on, and only where something grows: a full disk still renames, removes, and syncs
   * folders. The others happen once.
   */
  kind: 'kill' | 'EIO' | 'ENOSPC';
  /** Counts from the start of the process. */
  isArmed?: boolean;
}

type Call = (...parameters: unknown[]) => unknown;
type Module = Record<string, Call>;

const require = createRequire(import.meta.url);
const fs = require('node:fs') as Module & { promises: Module; constants: Record<string, number> };
const sqlite = require('node:sqlite') as Module;
const plan: FaultPlan = JSON.parse(process.env.TILLVAULT_FAULT ?? '{"roots":[],"at":0,"kind":"kill"}');
const descriptors = new Set<number>();
const openFolders = new Set<number>();
/** A database is read page by page, which would be most of all points. */
const openDatabases = new Set<number>();
let isArmed = plan.isArmed ?? false;
let points = 0;

/** From here on calls count. */
export function armFaults(): void {
  isArmed = true;
}

/** From here on calls do not count and do not fail. @returns how many points there were */
export function disarmFaults(): number {
  isArmed = false;
  return points;
}

/** Calls that a full disk refuses. */
const GROWING = new Set([
  'open',
  'write',
  'writev',
  'fsync',
  'fdatasync',
  'mkdir',
  'link',
  'symlink',
  'writeFile',
  'sync',
  'datasync',
  'copy',
]);

/** What a call at a point is to do instead of its work; null: its work. */
function meet(name: string, target?: unknown): Error | null {
  if (!isArmed) return null;
  points += 1;
  const isGrowing = GROWING.has(name) && !openFolders.has(target as number);
  const isMet = plan.kind === 'ENOSPC' ? plan.at > 0 && points >= plan.at && isGrowing : points === plan.at;
  if (!isMet) return null;
  if (plan.kind === 'kill') {
    process.kill(process.pid, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // the signal ends all threads
  }
  return Object.assign(new Error(`${plan.kind}: injected, ${name}`), { code: plan.kind, syscall: name });
}

function isOurs(target: unknown): boolean {
  if (typeof target === 'number') return descriptors.has(target);
  const path = Buffer.isBuffer(target) ? target.toString('latin1') : String(target);
  const descriptor = /^\/proc\/self\/fd\/(\d+)\//.exec(path)?.[1];
  if (descriptor !== undefined) return descriptors.has(Number(descriptor));
  return plan.roots.some((root) => path === root || path.startsWith(`${root}/`));
}

function replace(module: Module, name: string, wrap: (original: Call) => Call): void {
  const original = module[name]!;
  const wrapped = wrap(original);
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  Object.defineProperty(module, name, {
    value: wrapped,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}

/** A write that meets its point leaves half of its bytes: the disk was cut off, or full. */
function writeHalf(original: Call, parameters: unknown[]): void {
  const [descriptor, bytes, offset = 0, length, position] = parameters as [
    number,
    Uint8Array,
    number?,
    number?,
    number?,
  ];
  const half = Math.floor((length ?? bytes.length - offset) / 2);
  if (half > 0 && bytes instanceof Uint8Array) original(descriptor, bytes, offset, half, position ?? null);
}

function isNext(): boolean {
  return isArmed && points + 1 === plan.at;
}

const SYNC = [
  'writeSync',
  'writevSync',
  'fsyncSync',
  'fdatasyncSync',
  'renameSync',
  'linkSync',
  'unlinkSync',
  'mkdirSync',
  'rmdirSync',
  'rmSync',
  'symlinkSync',
  'ftruncateSync',
  'writeFileSync',
  'chmodSync',
  'fchmodSync',
  'futimesSync',
];
for (const name of SYNC) {
  replace(fs, name, (original) => (...parameters) => {
    if (!isOurs(parameters[0]) && !(name === 'linkSync' && isOurs(parameters[1])))
      return original(...parameters);
    if (name === 'writeSync' && isNext()) writeHalf(original, parameters);
    const error = meet(name.replace('Sync', ''), parameters[0]);
    if (error) throw error;
    return original(...parameters);
  });
}

replace(fs, 'openSync', (original) => (...parameters) => {
  const isMine = isOurs(parameters[0]);
  const [, flags] = parameters;
  const isCreating = typeof flags === 'string' ? /[wa]/.test(flags) : (Number(flags) & 0o100) !== 0;
  const error = isMine ? meet(isCreating ? 'open' : 'openToRead') : null;
  if (error) throw error;
  const descriptor = original(...parameters) as number;
  if (/pos\.db|\/database\/new/.test(String(parameters[0]))) openDatabases.add(descriptor);
  if (isMine) descriptors.add(descriptor);
  if (isMine && (Number(flags) & fs.constants.O_DIRECTORY!) !== 0) openFolders.add(descriptor);
  return descriptor;
});
replace(fs, 'closeSync', (original) => (...parameters) => {
  descriptors.delete(parameters[0] as number);
  openFolders.delete(parameters[0] as number);
  openDatabases.delete(parameters[0] as number);
  return original(...parameters);
});

replace(fs, 'readSync', (original) => (...parameters) => {
  const isPoint = isOurs(parameters[0]) && !openDatabases.has(parameters[0] as number);
  const error = isPoint ? meet('read') : null;
  if (error) throw error;
  return original(...parameters);
});

for (const name of ['write', 'fsync', 'fdatasync']) {
  replace(fs, name, (original) => (...parameters) => {
    const error = isOurs(parameters[0]) ? meet(name, parameters[0]) : null;
    if (!error) return original(...parameters);
    return process.nextTick(parameters.at(-1) as Call, error);
  });
}

for (const name of ['rename', 'link', 'unlink', 'mkdir', 'rm', 'rmdir']) {
  replace(fs.promises, name, (original) => async (...parameters) => {
    const error = isOurs(parameters[0]) ? meet(name) : null;
    if (error) throw error;
    return original(...parameters);
  });
}

replace(fs.promises, 'open', (original) => async (...parameters) => {
  const isMine = isOurs(parameters[0]);
  const isCreating = typeof parameters[1] === 'string' && /[wa]/.test(parameters[1]);
  const error = isMine ? meet(isCreating ? 'open' : 'openToRead') : null;
  if (error) throw error;
  const handle = (await original(...parameters)) as Module;
  if (isMine) watchHandle(handle);
  return handle;
});

function watchHandle(handle: Module): void {
  for (const name of ['read', 'write', 'sync', 'datasync', 'truncate']) {
    const original = handle[name]!.bind(handle);
    Object.defineProperty(handle, name, {
      value: async (...parameters: unknown[]) => {
        if (name === 'write' && isNext()) {
          const [bytes, offset, length] = parameters as [Uint8Array, number, number];
          await original(bytes, offset, Math.floor(length / 2));
        }
        const error = meet(name);
        if (error) throw error;
        return original(...parameters);
      },
    });
  }
}

replace(sqlite, 'backup', (original) => async (source, path, options) => {
  const { progress, ...rest } = options as { progress?: Call };
  const before = meet('copy');
  if (before) throw before;
  const total = await original(source, path, {
    ...rest,
    progress: (state: unknown) => {
      const error = meet('copy');
      if (error) throw error;
      progress?.(state);
    },
  });
  meet('copied'); // a kill right after the commit; an error would not come from there
  return total;
});

syncBuiltinESMExports();
