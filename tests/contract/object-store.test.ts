import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/shared/random.js';
import { FileStore } from '../../src/storage/file-store.js';
import { MemoryStore } from '../../src/storage/memory-store.js';
import { describeObjectStore } from './object-store.contract.js';

const folders: string[] = [];

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeObjectStore('MemoryStore', async () => new MemoryStore());
describeObjectStore('FileStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tillvault-store-'));
  folders.push(folder);
  return new FileStore(join(folder, 'repository'), {
    uniqueName: () => systemRandom.uuid().replaceAll('-', ''),
  });
});
