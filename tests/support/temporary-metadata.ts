import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metadata, openMetadata } from '../../src/db/metadata.js';
import { writeMigratedMetadata } from './migrated-metadata.js';

/** Runs `work` with a new SQLite metadata file, which is removed afterwards. */
export async function withTemporaryMetadata<T>(
  work: (metadata: Metadata, path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tillvault-metadata-'));
  try {
    const path = join(folder, 'metadata.db');
    await writeMigratedMetadata(path);
    const metadata = await openMetadata(`file:${path}`);
    try {
      return await work(metadata, path);
    } finally {
      await metadata.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
