import fc from 'fast-check';
import { KiB } from '../../src/shared/bytes.js';
import type { MemoryTree } from './memory-till.js';
import { createSeededBytes, createSeededIntegers } from './seeded-random.js';

/** One file of a random tree: its content follows from `seed`, so that equal seeds give duplicates. */
interface RandomFile {
  folder: number;
  name: Uint8Array;
  size: number;
  seed: number;
  repeats: boolean;
  cutting: 'pages' | 'content';
}

const namePart = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x41 : byte)))
  .filter((bytes) => !/^\.{1,2}$/.test(Buffer.from(bytes).toString('latin1')));

const randomFile: fc.Arbitrary<RandomFile> = fc.record({
  folder: fc.nat(5),
  name: namePart,
  size: fc.oneof(
    { weight: 6, arbitrary: fc.nat(2000) },
    { weight: 2, arbitrary: fc.integer({ min: 60 * KiB, max: 70 * KiB }) },
    { weight: 1, arbitrary: fc.nat(2000 * KiB) },
  ),
  seed: fc.nat(6),
  repeats: fc.boolean(),
  cutting: fc.constantFrom('pages' as const, 'content' as const),
});

/** Random trees in memory: odd names, nested folders, links, duplicates, files of one chunk and of many. */
export const memoryTree: fc.Arbitrary<MemoryTree> = fc
  .record({
    folders: fc.array(namePart, { maxLength: 5 }),
    files: fc.array(randomFile, { maxLength: 15 }),
    links: fc.array(fc.record({ folder: fc.nat(5), name: namePart, target: namePart }), { maxLength: 3 }),
  })
  .map(({ folders, files, links }) => {
    const tree: MemoryTree = new Map();
    const paths: string[] = [''];
    const place = (folder: number, name: Uint8Array) =>
      paths[folder % paths.length]! + Buffer.from(name).toString('latin1');
    for (const [at, name] of folders.entries()) {
      const path = place(at * 7, name);
      if (tree.has(path)) continue;
      tree.set(path, { kind: 'directory' });
      paths.push(`${path}/`);
    }
    for (const { folder, name, target } of links) {
      const path = place(folder, name);
      if (!tree.has(path)) tree.set(path, { kind: 'symlink', target: Buffer.from(target) });
    }
    for (const file of files) {
      const path = place(file.folder, file.name);
      if (tree.has(path)) continue;
      tree.set(path, {
        kind: 'file',
        content: contentOf(file),
        identity: identityOf(),
        cutting: file.cutting,
      });
    }
    return tree;
  });

let lastInode = 0n;

/** An identity that no other file has had. */
export function identityOf(): { device: bigint; inode: bigint; ctimeNs: bigint } {
  return { device: 1n, inode: ++lastInode, ctimeNs: 1n };
}

function contentOf({ seed, size, repeats }: RandomFile): Buffer {
  return repeats ? Buffer.alloc(size, `sale ${seed};`) : createSeededBytes(`file ${seed}`)(size);
}

/** What the till does between two backups: files are changed, cut, removed and added. */
export function editTree(tree: MemoryTree, seed: number): void {
  const integer = createSeededIntegers(`edit ${seed}`);
  const bytes = createSeededBytes(`edit bytes ${seed}`);
  for (const [path, entry] of [...tree]) {
    if (entry.kind !== 'file') continue;
    const what = integer(6);
    if (what === 0) tree.delete(path);
    else if (what === 1 || what === 2) {
      const at = integer(entry.content.length + 1);
      const cut = what === 1 ? entry.content.subarray(at) : entry.content.subarray(integer(at + 1));
      const content = Buffer.concat([entry.content.subarray(0, at), bytes(integer(50)), cut]);
      tree.set(path, { ...entry, content, identity: identityOf() });
    }
  }
  for (let at = integer(3); at > 0; at--) {
    const path = `added ${seed} ${at}`;
    tree.set(path, {
      kind: 'file',
      content: bytes(integer(5000)),
      identity: integer(2) === 0 ? null : identityOf(),
    });
  }
}
