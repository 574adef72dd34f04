/**
 * Knows of every chunk how many packs hold it and how many snapshots need it, from the objects alone: a chunk that is
 * needed and in no pack is found at the very call that lost it.
 */
import { HASH_BYTES, type PackId } from '../../src/engine/codec/ids.js';
import type { KeyRing } from '../../src/engine/codec/key-ring.js';
import { decodeHeader, HEADER_BYTES } from '../../src/engine/codec/object-header.js';
import { openSegment } from '../../src/engine/codec/segment.js';
import { readPackTable } from '../../src/engine/pack/pack-reader.js';
import { visitPackTable } from '../../src/engine/pack/pack-table.js';
import { readRecords } from '../../src/engine/snapshot/manifest-reader.js';
import { countReferences, REFERENCE_BYTES, type References } from '../../src/engine/snapshot/references.js';
import { openSnapshot } from '../../src/engine/snapshot/snapshot-object.js';

interface ChunkState {
  content: Buffer;
  packs: number;
  snapshots: number;
}

export class StorageOracle {
  readonly #keys: KeyRing;
  readonly #chunks = new Map<string, ChunkState>();
  readonly #packs = new Map<string, string[]>();
  readonly #snapshots = new Map<string, Set<string>>();
  /** Changes are looked at one after the other. */
  #tail: Promise<void> = Promise.resolve();
  /** What went wrong first. */
  failure: string | null = null;

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  /** Keys of the snapshots that are there. */
  get snapshots(): string[] {
    return [...this.#snapshots.keys()];
  }

  put(key: string, bytes: Buffer, cause: string): void {
    const copy = Buffer.from(bytes);
    if (key.startsWith('packs/')) this.#next(() => this.#addPack(key, copy));
    if (key.startsWith('snapshots/')) this.#next(() => this.#addSnapshot(key, copy, cause));
  }

  delete(key: string, cause: string): void {
    this.#next(async () => {
      for (const chunk of this.#packs.get(key) ?? []) {
        const state = this.#chunks.get(chunk)!;
        state.packs--;
        if (state.packs === 0 && state.snapshots > 0) this.#fail(`${cause} lost chunk ${chunk}`);
      }
      for (const chunk of this.#snapshots.get(key) ?? []) this.#chunks.get(chunk)!.snapshots--;
      this.#packs.delete(key);
      this.#snapshots.delete(key);
    });
  }

  /** Resolves when everything so far was looked at. */
  async settle(): Promise<void> {
    await this.#tail;
  }

  /** Content bytes in packs that no snapshot needs, or that another pack holds too. */
  deadBytes(): number {
    let dead = 0;
    for (const { content, packs, snapshots } of this.#chunks.values())
      dead += content.length * (snapshots > 0 ? packs - 1 : packs);
    return dead;
  }

  #next(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work);
  }

  #fail(what: string): void {
    this.failure ??= what;
  }

  async #addPack(key: string, stored: Buffer): Promise<void> {
    const id = key.slice(-64) as PackId;
    const read = async (offset: number, length: number) => stored.subarray(offset, offset + length);
    const { pack } = await readPackTable(this.#keys, id, stored.length, read);
    const context = this.#keys.openObject(decodeHeader('pack', stored), stored.subarray(0, HEADER_BYTES));
    const chunks: string[] = [];
    let content: Buffer = Buffer.alloc(0);
    visitPackTable(pack.table, {
      block: (segment, offset, storedBytes) => {
        const from = HEADER_BYTES + offset;
        content = openSegment(context, segment, stored.subarray(from, from + storedBytes))!.payload;
      },
      chunk: (bytes, at, offset, sizeBytes) => {
        const name = bytes.toString('hex', at, at + HASH_BYTES);
        chunks.push(name);
        const state = this.#chunks.get(name);
        if (state) state.packs++;
        else {
          const copy = Buffer.from(content.subarray(offset, offset + sizeBytes));
          this.#chunks.set(name, { content: copy, packs: 1, snapshots: 0 });
        }
      },
    });
    this.#packs.set(key, chunks);
  }

  async #addSnapshot(key: string, stored: Buffer, cause: string): Promise<void> {
    if (stored.toString('latin1', 0, 4) !== 'TVSN') return; // a void
    const needed = new Set<string>();
    const { components } = await openSnapshot(this.#keys, stored);
    for (const { manifest } of components) {
      for (const chunk of namesOf(manifest.content)) needed.add(chunk);
      for await (const record of readRecords(this.#contentOf(manifest.content)))
        if ('content' in record) for (const chunk of namesOf(record.content)) needed.add(chunk);
    }
    for (const chunk of needed) {
      const state = this.#chunks.get(chunk);
      if (!state || state.packs === 0) this.#fail(`${cause} committed what needs the lost chunk ${chunk}`);
      if (state) state.snapshots++;
    }
    this.#snapshots.set(key, needed);
  }

  async *#contentOf(references: References): AsyncGenerator<Buffer> {
    for (const chunk of namesOf(references)) yield this.#chunks.get(chunk)?.content ?? Buffer.alloc(0);
  }
}

function namesOf(references: References): string[] {
  return Array.from({ length: countReferences(references) }, (_, at) =>
    references.toString('hex', at * REFERENCE_BYTES, at * REFERENCE_BYTES + HASH_BYTES),
  );
}
