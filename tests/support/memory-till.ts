/** A till that lives in memory: real implementations of Source and Target for tests of the engine alone. */
import { createHash } from 'node:crypto';
import type {
  Capture,
  FileIdentity,
  FileReader,
  RestoredContent,
  Source,
  SourceEntry,
  SourceSize,
  Staging,
  SwapFinding,
  Target,
  TargetPlan,
} from '../../src/engine/index.js';
import { comparePaths } from '../../src/engine/index.js';
import type { Component } from '../../src/shared/component.js';
import { IntegrityError } from '../../src/shared/errors.js';
import type { SpaceNeed } from '../../src/shared/space.js';

export interface MemoryFile {
  content: Buffer;
  identity?: FileIdentity | null;
  cutting?: 'pages' | 'content';
}

/** Entry by path; the path's bytes are the string's latin1 bytes. */
export type MemoryTree = Map<
  string,
  { kind: 'directory' } | { kind: 'symlink'; target: Buffer } | ({ kind: 'file' } & MemoryFile)
>;

export class MemorySource implements Source {
  readonly component: Component;
  readonly description: string;
  readonly tree: MemoryTree;
  /** Files whose content was read. */
  filesRead = 0;
  /** Most bytes that one read returns. */
  maxReadBytes = Number.POSITIVE_INFINITY;
  /** Called at the start of every read of a file's content. */
  onRead: (path: string) => void = () => {};

  constructor(component: Component, tree: MemoryTree) {
    this.component = component;
    this.description = `memory ${component}`;
    this.tree = tree;
  }

  async scan({ expected }: { expected?: SourceSize } = {}) {
    if (expected) return expected;
    let totalBytes = 0;
    let totalFiles = 0;
    for (const entry of this.tree.values()) {
      if (entry.kind !== 'file') continue;
      totalBytes += entry.content.length;
      totalFiles++;
    }
    return { totalBytes, totalFiles };
  }

  async capture(): Promise<Capture> {
    return { entries: () => this.#entries(), notices: [], close: async () => {} };
  }

  *#entries(): Generator<SourceEntry> {
    const listed: MemoryTree = new Map(this.tree); // a file may vanish between here and its turn
    const paths = [...listed.keys()].map((path) => Buffer.from(path, 'latin1')).sort(comparePaths);
    for (const path of paths) {
      const entry = listed.get(path.toString('latin1'))!;
      const metadata = { path, mode: 0o640, mtimeNs: 1_700_000_000_000_000_000n, uid: 0, gid: 0 };
      if (entry.kind !== 'file') yield { ...metadata, ...entry };
      else {
        const { content, identity = null, cutting = 'content' } = entry;
        const open = () => this.#open(path.toString('latin1'));
        yield { ...metadata, kind: 'file', sizeBytes: content.length, identity, cutting, open };
      }
    }
  }

  #open(path: string): FileReader | null {
    const entry = this.tree.get(path);
    if (entry?.kind !== 'file') return null;
    this.filesRead++;
    const { content } = entry;
    let at = 0;
    return {
      read: (buffer) => {
        this.onRead(path);
        const length = Math.min(buffer.length, content.length - at, this.maxReadBytes);
        buffer.set(content.subarray(at, at + length));
        at += length;
        return length;
      },
      hasChanged: () => this.tree.get(path) !== entry,
      close: () => {},
    };
  }
}

/** What was restored, by path, or null where nothing was. */
export class MemoryTarget implements Target {
  readonly component: Component;
  live: MemoryTree;
  /** Called before each step with its name; may throw to make the step fail. */
  onStep: (step: string) => void = () => {};
  /** What `plan` says of the live place, and of room. */
  found: TargetPlan['live'] = 'present';
  space: SpaceNeed[] = [];
  /** What `prepare` says of the swap. */
  isFinal = false;

  constructor(component: Component, live: MemoryTree = new Map()) {
    this.component = component;
    this.live = live;
  }

  async plan(): Promise<TargetPlan> {
    this.onStep('plan');
    return { live: this.found, space: this.space };
  }

  async hasSwapped(): Promise<SwapFinding> {
    return { hasHappened: false, notices: [] };
  }

  async undoSwap(): Promise<void> {
    this.onStep('undoSwap');
  }

  async finishSwap(): Promise<void> {
    this.onStep('finishSwap');
  }

  async removeStaging(): Promise<void> {
    this.onStep('removeStaging');
  }

  async stage(): Promise<Staging> {
    this.onStep('stage');
    const staged: MemoryTree = new Map();
    const expected = new Map<string, RestoredContent>();
    let before: MemoryTree | null = null;
    const name = (path: Buffer) => path.toString('latin1');
    return {
      directory: async ({ path }) => {
        staged.set(name(path), { kind: 'directory' });
      },
      symlink: async ({ path, target }) => {
        staged.set(name(path), { kind: 'symlink', target });
        return 'staged';
      },
      file: async ({ path }) => {
        this.onStep('file');
        const pieces: Buffer[] = [];
        const key = name(path);
        return {
          write: async (bytes) => {
            this.onStep('write');
            pieces.push(Buffer.from(bytes));
          },
          close: async (content) => {
            staged.set(key, { kind: 'file', content: Buffer.concat(pieces) });
            expected.set(key, content);
          },
          abort: async () => {},
        };
      },
      finish: async () => this.onStep('finish'),
      check: async () => {
        this.onStep('check');
        for (const [path, { checksum }] of expected) {
          const entry = staged.get(path);
          const is =
            entry?.kind === 'file' && createHash('sha256').update(entry.content).digest().equals(checksum);
          if (!is) throw new IntegrityError(`Staged file "${path}" is wrong`);
        }
      },
      prepare: async () => {
        this.onStep('prepare');
        return { plan: { of: this.component }, isFinal: this.isFinal };
      },
      swap: async () => {
        this.onStep('swap');
        before = this.live;
        this.live = staged;
      },
      undo: async () => {
        this.onStep('undo');
        if (before) this.live = before;
      },
      commit: async () => this.onStep('commit'),
      discard: async () => this.onStep('discard'),
    };
  }
}
