/** The head of a repository: its `config` object and its keys (docs/format.md §3, §4). */
import { z } from 'zod';
import { toHex } from '../../shared/bytes.js';
import type { Clock } from '../../shared/clock.js';
import {
  type AppError,
  ConflictError,
  IntegrityError,
  KeyError,
  NotFoundError,
  StorageError,
} from '../../shared/errors.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { HASH_BYTES, idOf, isId, type KeyId, type RepositoryId } from '../codec/ids.js';
import { createMasterKeys, type KdfCost, openKeyObject, sealKeyObject } from '../codec/key-object.js';
import { KeyRing, type RandomBytes } from '../codec/key-ring.js';

const CONFIG_KEY = 'config';

const configContent = z.strictObject({
  format: z.literal('tillvault'),
  version: z.literal(1),
  repositoryId: z.string().refine(isId),
  createdAt: z.iso.datetime(),
});

/** What opening a repository works with. */
export interface HeadDeps {
  store: ObjectStore;
  clock: Clock;
  random: RandomBytes;
}

export interface HeadOptions {
  passphrase: string;
  /** Whether a repository is made where there is none. */
  mayCreate: boolean;
  /** Cost of Argon2id for a new repository; tests make it cheap. */
  kdfCost?: KdfCost;
}

/**
 * Opens the repository's keys, making a new repository when the storage holds none and one may be made.
 * @throws KeyError when the passphrase is not the repository's
 * @throws IntegrityError when the head is damaged or incomplete
 * @throws NotFoundError when there is no repository and none may be made
 */
export async function openOrCreateHead(deps: HeadDeps, options: HeadOptions): Promise<KeyRing> {
  const config = await readConfig(deps.store);
  if (config) return openHead(deps.store, config, options.passphrase);
  if (!options.mayCreate)
    throw new NotFoundError(
      'There is no repository in the backup storage; check STORAGE_URL, and that the right disk is mounted',
    );
  await assertNoSnapshots(deps.store);
  return createHead(deps, options);
}

async function createHead(deps: HeadDeps, options: HeadOptions): Promise<KeyRing> {
  const repositoryId = toHex(deps.random(HASH_BYTES)) as RepositoryId;
  const config = encodeConfig(repositoryId, deps.clock.now());
  const master = createMasterKeys(deps.random);
  const keyOptions = { random: deps.random, ...(options.kdfCost && { cost: options.kdfCost }) };
  const keyObject = await sealKeyObject(master, options.passphrase, { repositoryId, config }, keyOptions);
  const key = keyOf(idOf<KeyId>(keyObject));
  await deps.store.put(key, [keyObject]);
  try {
    await deps.store.put(CONFIG_KEY, [config], { ifAbsent: true });
  } catch (error) {
    // A `put` that fails may have stored "config", which is nothing without its key.
    const isOurs = (await readConfig(deps.store))?.equals(config) ?? false;
    if (!isOurs) await deps.store.delete(key);
    if (!(error instanceof ConflictError)) throw error;
    if (!isOurs) return openOrCreateHead(deps, options); // another creator was faster: use its repository
  }
  return new KeyRing(repositoryId, master);
}

/**
 * Makes sure that the storage still holds the repository that was opened.
 * @throws StorageError when it holds none, or another one
 */
export async function assertHead(store: ObjectStore, repositoryId: RepositoryId): Promise<void> {
  const config = await readConfig(store);
  if (config && decodeConfig(config) === repositoryId) return;
  throw new StorageError(
    'SERVICE_UNAVAILABLE',
    'The backup storage no longer holds the repository that was opened; check that the right disk is mounted',
  );
}

async function openHead(store: ObjectStore, config: Buffer, passphrase: string): Promise<KeyRing> {
  const repositoryId = decodeConfig(config);
  let failure: AppError = new IntegrityError('The repository has no key object');
  for await (const { key } of store.list('keys/')) {
    try {
      const stored = await readNamed(store, key);
      return new KeyRing(repositoryId, await openKeyObject(stored, passphrase, { repositoryId, config }));
    } catch (error) {
      if (!(error instanceof KeyError || error instanceof IntegrityError)) throw error;
      if (!(failure instanceof KeyError)) failure = error; // a wrong key says more than a leftover of another creator
    }
  }
  throw failure;
}

/**
 * Reads an object that is named by its content.
 * @throws IntegrityError when its bytes are not what its name says, or it is missing
 */
export async function readNamed(store: ObjectStore, key: string): Promise<Buffer> {
  const stored = await readExpected(store, key);
  if (idOf(stored) !== key.slice(key.lastIndexOf('/') + 1)) {
    throw new IntegrityError(`Object "${key}" is damaged: its SHA-256 is not its name`, {
      details: { object: key },
    });
  }
  return stored;
}

async function readExpected(store: ObjectStore, key: string): Promise<Buffer> {
  try {
    return await store.get(key);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new IntegrityError(`Object "${key}" is missing from the storage`, {
      cause: error,
      details: { object: key },
    });
  }
}

async function readConfig(store: ObjectStore): Promise<Buffer | null> {
  try {
    return await store.get(CONFIG_KEY);
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
}

async function assertNoSnapshots(store: ObjectStore): Promise<void> {
  for await (const { key } of store.list('snapshots/')) {
    throw new IntegrityError(
      `The storage holds "${key}" but no "config" object; bring "config" back from a copy`,
    );
  }
}

function keyOf(id: KeyId): string {
  return `keys/${id}`;
}

function encodeConfig(repositoryId: RepositoryId, createdAt: Date): Buffer {
  const content = { format: 'tillvault', version: 1, repositoryId, createdAt: createdAt.toISOString() };
  return Buffer.from(`${JSON.stringify(content)}\n`);
}

function decodeConfig(config: Buffer): RepositoryId {
  try {
    return configContent.parse(JSON.parse(config.toString('utf8'))).repositoryId as RepositoryId;
  } catch (cause) {
    throw new IntegrityError('The repository\'s "config" object is not readable; bring it back from a copy', {
      cause,
    });
  }
}
