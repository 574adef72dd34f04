/** Key objects: the master keys, sealed by a passphrase (docs/format.md §4). */
import { argon2, hash } from 'node:crypto';
import { promisify } from 'node:util';
import { decode, encode } from 'cborg';
import { z } from 'zod';
import { asBuffer, GiB, KiB, MiB } from '../../shared/bytes.js';
import { IntegrityError, KeyError } from '../../shared/errors.js';
import { HASH_BYTES, type RepositoryId } from './ids.js';
import { KEY_BYTES, type MasterKeys, type RandomBytes } from './key-ring.js';
import { decodeHeader, encodeHeader, HEADER_BYTES, SALT_BYTES } from './object-header.js';
import { decodeContent, encodeRaw, openSegment, type SegmentContext, sealToBuffer } from './segment.js';

/** Cost of Argon2id. */
export interface KdfCost {
  memoryKiB: number;
  passes: number;
  parallelism: number;
}

/** What writers use: about 0.2 s and 64 MiB (RFC 9106, second recommended option). */
export const DEFAULT_KDF_COST: KdfCost = { memoryKiB: (64 * MiB) / KiB, passes: 3, parallelism: 1 };

const MAX_KDF_COST: KdfCost = { memoryKiB: GiB / KiB, passes: 16, parallelism: 16 };
const BOUND_BYTES = HEADER_BYTES + 12 + HASH_BYTES;
const MAX_CONTENT_BYTES = MiB;

const key = z.instanceof(Uint8Array).refine((bytes) => bytes.length === KEY_BYTES);
const masterKeysContent = z.strictObject({
  chunkerKey: key,
  chunkIdKey: key,
  epochs: z.array(z.tuple([z.number().int().positive(), key])).min(1),
});

/** Which repository a key object belongs to. */
export interface KeyBinding {
  repositoryId: RepositoryId;
  /** The stored `config` object. */
  config: Uint8Array;
}

/** Fresh master keys for a new repository: one epoch, numbered 1. */
export function createMasterKeys(random: RandomBytes): MasterKeys {
  return {
    chunkerKey: random(KEY_BYTES),
    chunkIdKey: random(KEY_BYTES),
    epochs: new Map([[1, random(KEY_BYTES)]]),
  };
}

/** The bytes of a new key object that `passphrase` opens. Takes about 0.2 s in the thread pool. */
export async function sealKeyObject(
  master: MasterKeys,
  passphrase: string,
  binding: KeyBinding,
  options: { random: RandomBytes; cost?: KdfCost },
): Promise<Buffer> {
  const cost = options.cost ?? DEFAULT_KDF_COST;
  const salt = options.random(SALT_BYTES);
  const bound = Buffer.alloc(BOUND_BYTES);
  bound.set(encodeHeader({ kind: 'key', domain: 'sealed', epoch: 0, salt }));
  bound.writeUInt32LE(cost.memoryKiB, 44);
  bound.writeUInt32LE(cost.passes, 48);
  bound.writeUInt32LE(cost.parallelism, 52);
  bound.set(hash('sha256', binding.config, 'buffer'), 56);
  const content = encode({
    chunkerKey: master.chunkerKey,
    chunkIdKey: master.chunkIdKey,
    epochs: [...master.epochs].sort(([a], [b]) => a - b),
  });
  const context = await contextOf(passphrase, salt, cost, bound, binding.repositoryId);
  return Buffer.concat([bound, sealToBuffer(context, 0, encodeRaw(content))]);
}

/**
 * Opens a key object whose stored bytes were already compared with its name.
 * @throws KeyError when `passphrase` is not the one that sealed it
 * @throws IntegrityError when it is damaged or `config` is not the one that it was made for
 */
export async function openKeyObject(
  stored: Buffer,
  passphrase: string,
  binding: KeyBinding,
): Promise<MasterKeys> {
  const header = decodeHeader('key', stored);
  if (stored.length < BOUND_BYTES) throw new IntegrityError('The key object is cut short');
  const bound = stored.subarray(0, BOUND_BYTES);
  if (!bound.subarray(56).equals(hash('sha256', binding.config, 'buffer'))) {
    throw new IntegrityError('The repository\'s "config" object is not the one that its key was made for');
  }
  const cost: KdfCost = {
    memoryKiB: bound.readUInt32LE(44),
    passes: bound.readUInt32LE(48),
    parallelism: bound.readUInt32LE(52),
  };
  assertBearable(cost);
  const context = await contextOf(passphrase, header.salt, cost, bound, binding.repositoryId);
  const opened = openSegment(context, 0, stored.subarray(BOUND_BYTES));
  if (!opened) {
    throw new KeyError(
      'BACKUP_ENCRYPTION_KEY does not open this repository; set the key that its backups were made with',
    );
  }
  const content = masterKeysContent.parse(decode(await decodeContent(opened, MAX_CONTENT_BYTES)));
  return { chunkerKey: content.chunkerKey, chunkIdKey: content.chunkIdKey, epochs: new Map(content.epochs) };
}

function assertBearable(cost: KdfCost): void {
  for (const name of ['memoryKiB', 'passes', 'parallelism'] as const) {
    if (cost[name] < 1 || cost[name] > MAX_KDF_COST[name]) {
      throw new IntegrityError(
        `The key object asks for Argon2 ${name} ${cost[name]}, expected 1 to ${MAX_KDF_COST[name]}`,
      );
    }
  }
}

const deriveArgon2 = promisify(argon2);

async function contextOf(
  passphrase: string,
  salt: Uint8Array,
  cost: KdfCost,
  bound: Buffer,
  repositoryId: RepositoryId,
): Promise<SegmentContext> {
  const derived = await deriveArgon2('argon2id', {
    message: Buffer.from(passphrase, 'utf8'),
    nonce: salt,
    parallelism: cost.parallelism,
    tagLength: KEY_BYTES,
    memory: cost.memoryKiB,
    passes: cost.passes,
  });
  return {
    domain: 'sealed',
    key: asBuffer(derived),
    binding: Buffer.concat([bound, Buffer.from(repositoryId, 'hex')]),
  };
}
