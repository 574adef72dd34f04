import { formatCount } from '../demo/figures.js';
import { type RepositoryOptions, withRepository } from './recovery-session.js';

/** `tillvault recover metadata`: adds the backups that the metadata database does not know. */
export async function rebuildMetadata(options: RepositoryOptions): Promise<void> {
  await withRepository(options, async ({ app, config }) => {
    const { known, rebuilt } = await app.rebuildMetadata(config.metadataUrl);
    process.stdout.write(
      `Added ${formatCount(rebuilt)} backups to the metadata, which knew ${formatCount(known)} already\n`,
    );
  });
}
