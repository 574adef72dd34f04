import { fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { StorageError } from '../../../src/shared/errors.js';
import { type FileSystemSync, fileSystemSync } from '../../../src/sources/file-system-sync.js';
import { SyncQueue } from '../../../src/sources/sync-queue.js';
import { errorFrom } from '../../support/engine-till.js';

const MANY = 300;

describe('SyncQueue', () => {
  let folder: string;
  let synced: string[];
  const fileSystem = (isPossible: boolean): FileSystemSync => ({
    isPossible: async () => isPossible,
    sync: async (place) => {
      synced.push(place);
    },
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tillvault-sync-'));
    synced = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function fill(queue: SyncQueue, count: number): Promise<number[]> {
    const descriptors = Array.from({ length: count }, (_, at) => openSync(join(folder, String(at)), 'wx'));
    for (const descriptor of descriptors) await queue.add(descriptor);
    return descriptors;
  }

  const isOpen = (descriptor: number): boolean => {
    try {
      fstatSync(descriptor);
      return true;
    } catch {
      return false;
    }
  };

  it('syncs the file system once when there is much', async () => {
    const queue = new SyncQueue(folder, fileSystem(true));
    const descriptors = await fill(queue, MANY);
    await queue.drain();
    expect(synced).to.deep.equal([folder]);
    expect(descriptors.filter(isOpen)).to.deep.equal([]);
  });

  it('syncs the file system also when it ends with a full batch', async () => {
    const queue = new SyncQueue(folder, fileSystem(true));
    await fill(queue, 128);
    await queue.drain();
    expect(synced).to.deep.equal([folder]);
  });

  it('syncs file by file when there is little, and where nothing else is possible', async () => {
    for (const [isPossible, count] of [
      [true, 100],
      [false, MANY],
    ] as const) {
      const queue = new SyncQueue(folder, fileSystem(isPossible));
      const descriptors = await fill(queue, count);
      await queue.drain();
      expect(synced).to.deep.equal([]);
      expect(descriptors.filter(isOpen)).to.deep.equal([]);
      rmSync(folder, { recursive: true });
      folder = mkdtempSync(join(tmpdir(), 'tillvault-sync-'));
    }
  });

  it('fails when the file system could not be synced', async () => {
    const failing = {
      ...fileSystem(true),
      sync: async () => Promise.reject(new StorageError('SERVICE_UNAVAILABLE', 'no')),
    };
    const queue = new SyncQueue(folder, failing);
    await fill(queue, MANY);
    expect(await errorFrom(queue.drain())).to.be.instanceOf(StorageError);
  });

  it('fails when a file could not be synced', async () => {
    const queue = new SyncQueue(folder, fileSystem(true));
    await queue.add(openSync('/dev/null', 'r')); // fsync of a device is EINVAL
    const error = await queue.drain().catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'EINVAL' });
  });

  it('closes everything when it is abandoned', async () => {
    const queue = new SyncQueue(folder, fileSystem(true));
    const descriptors = await fill(queue, MANY);
    await queue.abandon();
    expect(descriptors.filter(isOpen)).to.deep.equal([]);
    expect(synced).to.deep.equal([]);
  });
});

describe('fileSystemSync', () => {
  it('says that a folder that is not there cannot be synced', async () => {
    expect(await fileSystemSync.isPossible('/no/such/folder')).to.equal(false);
    expect(await errorFrom(fileSystemSync.sync('/no/such/folder'))).to.be.instanceOf(StorageError);
  });

  it('syncs the file system of a folder on Linux', async function () {
    if (process.platform !== 'linux') this.skip();
    expect(await fileSystemSync.isPossible(tmpdir())).to.equal(true);
    await fileSystemSync.sync(tmpdir());
  });
});
