/** The keys of one open repository, and what is derived from them (docs/format.md §5.1, §6.1, §6.2). */
import { createHash, hkdfSync } from 'node:crypto';
import { IntegrityError, invariant } from '../../shared/errors.js';
import type { RepositoryId } from './ids.js';
import {
  type Domain,
  encodeHeader,
  MAGIC,
  type ObjectHeader,
  type ObjectKind,
  SALT_BYTES,
} from './object-header.js';
import type { SegmentContext } from './segment.js';

/** Bytes of every key. */
export const KEY_BYTES = 32;

/** Secrets of a repository, as a key object holds them. */
export interface MasterKeys {
  chunkerKey: Uint8Array;
  chunkIdKey: Uint8Array;
  /** Master key by epoch; the highest epoch is the one that writers use. */
  epochs: ReadonlyMap<number, Uint8Array>;
}

/** Bytes of fresh randomness. */
export type RandomBytes = (length: number) => Uint8Array;

export class KeyRing {
  readonly repositoryId: RepositoryId;
  readonly #master: MasterKeys;
  readonly #repositoryBytes: Buffer;

  constructor(repositoryId: RepositoryId, master: MasterKeys) {
    invariant(master.epochs.size > 0, 'a key ring has a master key');
    this.repositoryId = repositoryId;
    this.#master = master;
    this.#repositoryBytes = Buffer.from(repositoryId, 'hex');
  }

  /** A header with a fresh salt for a new object, and the context that seals its segments. */
  createObject(
    kind: ObjectKind,
    domain: Domain,
    random: RandomBytes,
  ): { header: Buffer; context: SegmentContext } {
    const epoch = Math.max(...this.#master.epochs.keys());
    const fields: ObjectHeader = { kind, domain, epoch, salt: random(SALT_BYTES) };
    const header = encodeHeader(fields);
    return { header, context: this.#contextOf(fields, header) };
  }

  /**
   * The context that opens the segments of an object with this header.
   * @param header the stored 44 bytes
   * @throws IntegrityError when the repository has no key of the header's epoch
   */
  openObject(fields: ObjectHeader, header: Uint8Array): SegmentContext {
    return this.#contextOf(fields, header);
  }

  /** Key of chunk ids in `domain`. */
  chunkIdKey(domain: Domain): Uint8Array {
    return domain === 'sealed' ? this.#master.chunkIdKey : this.#publicKey('tillvault/1/plain');
  }

  /** Key of the gear table in `domain`. */
  chunkerKey(domain: Domain): Uint8Array {
    return domain === 'sealed' ? this.#master.chunkerKey : this.#publicKey('tillvault/1/plain chunker');
  }

  /** A key of its own for something beside the repository: the same for all who open it, and for nobody else. */
  deriveKey(purpose: string): Uint8Array {
    const info = `tillvault/1/purpose/${purpose}`;
    return new Uint8Array(
      hkdfSync('sha256', this.#master.chunkIdKey, this.#repositoryBytes, info, KEY_BYTES),
    );
  }

  #contextOf(fields: ObjectHeader, header: Uint8Array): SegmentContext {
    const master = this.#master.epochs.get(fields.epoch);
    if (!master)
      throw new IntegrityError(
        `The ${fields.kind} object is of key epoch ${fields.epoch}, which this repository has not`,
      );
    const key = hkdfSync('sha256', master, fields.salt, `tillvault/1/${MAGIC[fields.kind]}`, KEY_BYTES);
    return {
      domain: fields.domain,
      key: new Uint8Array(key),
      binding: Buffer.concat([header, this.#repositoryBytes]),
    };
  }

  #publicKey(label: string): Buffer {
    return createHash('sha256').update(label).update(this.#repositoryBytes).digest();
  }
}
