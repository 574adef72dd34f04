import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import fc from 'fast-check';

/** A file, link or folder to be made. Times are milliseconds since 1970. */
export type TreeNode =
  | { kind: 'file'; content: Uint8Array; sparseBytes: number; mode: number; mtimeMs: number }
  | { kind: 'symlink'; target: Uint8Array; mtimeMs: number }
  | { kind: 'folder'; children: TreeChild[]; mode: number; mtimeMs: number };

export interface TreeChild {
  /** Any bytes but `/` and NUL; `.` and `..` are left out. */
  name: Uint8Array;
  node: TreeNode;
}

export type TreeFolder = Extract<TreeNode, { kind: 'folder' }>;

const ODD_NAMES = [
  'a',
  'a.txt',
  'a b',
  'A',
  '-rf',
  '~',
  '#1',
  'ü',
  'u\u0308',
  '日本',
  '\n',
  '"',
  "'",
  '\\',
  '*',
  '.hidden',
  'x'.repeat(255),
  '%41',
  'a-',
  'a0',
].map((name) => Buffer.from(name));

const name = fc.oneof(
  fc.constantFrom<Uint8Array>(...ODD_NAMES),
  fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0xff : byte))),
);
const mtimeMs = fc.integer({ min: 0, max: 1_900_000_000_000 });
const fileMode = fc.constantFrom(0o600, 0o644, 0o755, 0o400, 0o000, 0o4755, 0o666);
const folderMode = fc.constantFrom(0o700, 0o755, 0o777, 0o1777, 0o555, 0o000);

const file: fc.Arbitrary<TreeNode> = fc.record({
  kind: fc.constant('file' as const),
  content: fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 300_000 }))
        .map(stretch),
    },
  ),
  sparseBytes: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3_000_000 }) },
  ),
  mode: fileMode,
  mtimeMs,
});
const symlink: fc.Arbitrary<TreeNode> = fc.record({
  kind: fc.constant('symlink' as const),
  target: fc.constantFrom<Uint8Array>(
    ...['a', '..', '/', '.', '/nowhere/at/all', '../a/b', '\xff\xfe'].map((target) =>
      Buffer.from(target, 'latin1'),
    ),
  ),
  mtimeMs,
});

/** Random folders with everything that a file system holds: odd names, deep paths, holes, links, modes and times. */
export const treeArbitrary: fc.Arbitrary<TreeFolder> = fc.letrec<{ node: TreeNode; folder: TreeFolder }>(
  (tie) => ({
    node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, file, symlink, tie('folder')),
    folder: fc.record({
      kind: fc.constant('folder' as const),
      children: fc.uniqueArray(fc.record({ name, node: tie('node') }), {
        maxLength: 8,
        selector: (child) => Buffer.from(child.name).toString('hex'),
      }),
      mode: folderMode,
      mtimeMs,
    }),
  }),
).folder;

/** Makes `tree` at `path`, which must not exist. */
export function makeTree(path: string | Buffer, tree: TreeFolder): void {
  makeNode(Buffer.from(path), tree);
}

/** Makes the tree that belongs to `seed` at `path`, which must not exist. */
export function makeRandomTree(path: string | Buffer, seed: number): void {
  const [tree] = fc.sample(treeArbitrary, { seed, numRuns: 1 });
  makeTree(path, tree!);
}

/** What `readTree` says of one entry; two entries are the same when these are deeply equal. */
export interface TreeEntry {
  /** Below the folder that was read, in Latin-1: one character for each byte. */
  path: string;
  kind: 'file' | 'symlink' | 'folder' | 'other';
  mode: number;
  /** Rounded to milliseconds: file systems and Node keep different fractions. */
  mtimeMs: number;
  /** What a link says, in Latin-1. */
  target: string | null;
  sizeBytes: number;
  /** SHA-256 of a file's content. */
  checksum: string | null;
}

/** Everything at and below `path`, sorted by path. */
export function readTree(path: string | Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  readEntry(Buffer.from(path), '', entries);
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Bytes that a file takes on disk: less than its size when it has holes. */
export function allocatedBytes(path: string | Buffer): number {
  return lstatSync(path).blocks * 512;
}

function stretch([pattern, length]: [Uint8Array, number]): Uint8Array {
  return Buffer.alloc(length, pattern);
}

function join(folder: Buffer, child: Uint8Array): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), child]);
}

function makeNode(path: Buffer, node: TreeNode): void {
  if (node.kind === 'symlink') {
    symlinkSync(Buffer.from(node.target), path);
    lutimesSync(path, node.mtimeMs / 1000, node.mtimeMs / 1000);
    return;
  }
  if (node.kind === 'file') makeFile(path, node);
  else {
    mkdirSync(path, { mode: 0o700 });
    for (const child of node.children) {
      const text = Buffer.from(child.name).toString('latin1');
      if (text !== '.' && text !== '..') makeNode(join(path, child.name), child.node);
    }
  }
  utimesSync(path, node.mtimeMs / 1000, node.mtimeMs / 1000);
  chmodSync(path, node.mode);
}

function makeFile(path: Buffer, node: Extract<TreeNode, { kind: 'file' }>): void {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeSync(descriptor, node.content, 0, node.content.length, node.sparseBytes);
    ftruncateSync(descriptor, node.sparseBytes * 2 + node.content.length);
  } finally {
    closeSync(descriptor);
  }
}

function readEntry(path: Buffer, relative: string, entries: TreeEntry[]): void {
  const stats = lstatSync(path, { bigint: true });
  const kind = stats.isFile()
    ? 'file'
    : stats.isSymbolicLink()
      ? 'symlink'
      : stats.isDirectory()
        ? 'folder'
        : 'other';
  entries.push({
    path: relative,
    kind,
    mode: Number(stats.mode & 0o7777n),
    mtimeMs: Math.round(Number(stats.mtimeNs) / 1e6),
    target: kind === 'symlink' ? readlinkSync(path, { encoding: 'buffer' }).toString('latin1') : null,
    sizeBytes: kind === 'file' ? Number(stats.size) : 0,
    checksum: kind === 'file' ? checksumOf(path) : null,
  });
  if (kind !== 'folder') return;
  for (const child of readdirSync(path, { encoding: 'buffer' })) {
    readEntry(
      join(path, child),
      relative === '' ? child.toString('latin1') : `${relative}/${child.toString('latin1')}`,
      entries,
    );
  }
}

function checksumOf(path: Buffer): string {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(1024 * 1024);
  const descriptor = openSync(path, 'r');
  try {
    for (let count = readSync(descriptor, buffer); count > 0; count = readSync(descriptor, buffer))
      hash.update(buffer.subarray(0, count));
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}
