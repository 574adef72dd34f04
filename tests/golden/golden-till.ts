/**
 * The till, clock and random bytes that the golden repositories are made from. Everything follows from this file, so
 * that today's writer can be compared with the bytes of every format version ever written.
 */
import type { Component } from '../../src/shared/component.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { backupRequest, createEngineTill, type EngineTill } from '../support/engine-till.js';
import { FixedClock } from '../support/fixed-clock.js';
import type { MemoryTree } from '../support/memory-till.js';
import { createSeededBytes } from '../support/seeded-random.js';

/**
 * `raw`: not compressed, so that its bytes follow from this project alone; three backups: encrypted, encrypted with
 * changes, plain. `compressed`: whose bytes also follow from the version of zstd; one encrypted backup.
 */
export const GOLDEN_KINDS = ['raw', 'compressed'] as const;
export type GoldenKind = (typeof GOLDEN_KINDS)[number];

export const GOLDEN_PASSPHRASE = 'golden passphrase, ümlaut';

/** What one backup of a golden repository must restore to. */
export interface GoldenBackup {
  backupId: string;
  trees: Partial<Record<Component, MemoryTree>>;
}

function rawTrees(): GoldenBackup[] {
  const bytes = createSeededBytes('golden files');
  const large = bytes(66_000);
  const files: MemoryTree = new Map([
    ['empty', { kind: 'file', content: Buffer.alloc(0) }],
    ['folder', { kind: 'directory' }],
    ['folder/\xff not UTF-8', { kind: 'file', content: bytes(300) }],
    ['folder/link', { kind: 'symlink', target: Buffer.from('../large') }],
    ['folder.txt', { kind: 'file', content: Buffer.from('sorted behind the content of "folder"') }],
    [
      'large',
      {
        kind: 'file',
        content: large,
        identity: { device: 64769n, inode: 2n ** 63n, ctimeNs: 1_700_000_000_123_456_789n },
      },
    ],
  ]);
  const changed: MemoryTree = new Map(files);
  changed.set('folder.txt', { kind: 'file', content: Buffer.from('changed') });
  const config: MemoryTree = new Map([['till.json', { kind: 'file', content: Buffer.from('{"till":1}\n') }]]);
  return [
    { backupId: 'first', trees: { CONFIG: config, FILES: files } },
    { backupId: 'second', trees: { CONFIG: config, FILES: changed } },
    { backupId: 'plain', trees: { CONFIG: config } },
  ];
}

function compressedTrees(): GoldenBackup[] {
  const pages = Buffer.alloc(70_000, 'a page of sales; ');
  for (let at = 0; at < pages.length; at += 4096) pages.writeUInt32LE(at, at);
  return [
    {
      backupId: 'compressed',
      trees: { DATABASE: new Map([['till.db', { kind: 'file', content: pages, cutting: 'pages' }]]) },
    },
  ];
}

/** What the golden repository of `kind` holds, in the order in which it was written. */
export function goldenBackups(kind: GoldenKind): GoldenBackup[] {
  return kind === 'raw' ? rawTrees() : compressedTrees();
}

/** An engine whose clock and randomness are fixed. */
export function createGoldenTill(kind: GoldenKind, store: ObjectStore, clock = new FixedClock()): EngineTill {
  const trees: Partial<Record<Component, MemoryTree>> = {
    DATABASE: new Map(),
    CONFIG: new Map(),
    CACHE: new Map(),
    FILES: new Map(),
  };
  return createEngineTill(trees, {
    store,
    clock,
    random: createSeededBytes(`golden ${kind}`),
    controlRandom: createSeededBytes(`golden ${kind}: leases`), // nothing of them is in a golden repository
    passphrase: GOLDEN_PASSPHRASE,
  });
}

/** Writes the golden repository of `kind` into an empty store. */
export async function writeGolden(kind: GoldenKind, store: ObjectStore): Promise<void> {
  const clock = new FixedClock();
  const { engine, sources } = createGoldenTill(kind, store, clock);
  await engine.open({ mayCreate: true });
  for (const { backupId, trees } of goldenBackups(kind)) {
    for (const [component, tree] of Object.entries(trees) as [Component, MemoryTree][]) {
      const source = sources.get(component)!.tree;
      source.clear();
      for (const [path, entry] of tree) source.set(path, entry);
    }
    clock.advance(60_000);
    await engine.backup(
      backupRequest(backupId, {
        components: Object.keys(trees) as Component[],
        encrypt: backupId !== 'plain',
        compress: kind === 'compressed',
        labels: { name: `Golden ${backupId}`, retentionDays: 30, pinned: false, note: null },
      }),
      {},
    );
  }
}
