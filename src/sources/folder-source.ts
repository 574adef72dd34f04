/**
 * Captures folders and single files of the till: modes, times, owners, symbolic links as links, empty folders and
 * names that are not UTF-8. Sockets, pipes and devices are left out with a notice, and so is a root that is absent.
 * Nothing is locked: each file is consistent or reported as changed, the folder as a whole is not one moment's view.
 */
import { setImmediate } from 'node:timers/promises';
import type { Capture, Source, SourceEntry, SourceSize } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import type { Component } from '../shared/component.js';
import { throwIfCancelled } from '../shared/errors.js';
import { FolderWalker, resolveRoot } from './folder-walker.js';
import { Notices } from './notices.js';
import type { Root } from './root.js';
import { arrangeRoots } from './root.js';

/** Counting more than this takes a third of the time of a backup in which nothing has changed. */
const MANY_FILES = 5_000;
/** Entries counted between two looks at the AbortSignal. */
const SCAN_STRIDE = 500;

export class FolderSource implements Source {
  readonly component: Component;
  readonly description: string;
  readonly #roots: readonly Root[];
  readonly #clock: Clock;

  /** @throws InvalidInputError when a root's label does not name something below POS_ROOT */
  constructor(component: Component, roots: readonly Root[], { clock }: { clock: Clock }) {
    this.component = component;
    this.#roots = arrangeRoots(roots);
    this.#clock = clock;
    this.description = this.#roots.map(({ label }) => label).join(', ');
  }

  absentPaths(): Buffer[] {
    const absent = this.#roots.filter((root) => resolveRoot(root) === null);
    return absent.map(({ label }) => Buffer.from(label));
  }

  async scan({ signal, expected }: { signal?: AbortSignal; expected?: SourceSize }): Promise<SourceSize> {
    if (expected && expected.totalFiles > MANY_FILES) return expected;
    const size = { totalBytes: 0, totalFiles: 0 };
    const walker = new FolderWalker(this.#roots, { clock: this.#clock, notices: new Notices() });
    let count = 0;
    for (const entry of walker.entries()) {
      if (count++ % SCAN_STRIDE === 0) {
        await setImmediate();
        throwIfCancelled(signal);
      }
      if (entry.kind !== 'file') continue;
      size.totalBytes += entry.sizeBytes;
      size.totalFiles += 1;
    }
    return size;
  }

  async capture({ signal }: { signal?: AbortSignal }): Promise<Capture> {
    throwIfCancelled(signal);
    return new FolderCapture(this.#roots, this.#clock);
  }
}

/** A walk over the roots; `entries` may be asked for once. */
class FolderCapture implements Capture {
  readonly #notices = new Notices();
  readonly #walker: FolderWalker;

  constructor(roots: readonly Root[], clock: Clock) {
    this.#walker = new FolderWalker(roots, { clock, notices: this.#notices });
  }

  entries(): Iterable<SourceEntry> {
    return this.#walker.entries();
  }

  get notices(): readonly string[] {
    return this.#notices.list();
  }

  async close(): Promise<void> {
    this.#walker.close();
  }
}
