import { toRootName } from '../archive/entry-names.js';
import { checkFileCount, writeArchive } from '../archive/write-archive.js';
import type { Config } from '../config.js';
import { DownloadLinks, deriveLinkKey } from '../services/download-links.js';
import { DownloadService, type DownloadServiceDeps } from '../services/download-service.js';
import type { Clock } from '../shared/clock.js';
import type { Random } from '../shared/random.js';

/** Downloads of backups as archives, and links to them, whose key is derived from the secret of the tokens. */
export function createDownloads(
  { jwt: { key } }: Config,
  deps: Omit<DownloadServiceDeps, 'archives' | 'links'> & { clock: Clock; random: Random },
): DownloadService {
  const linkKey = deriveLinkKey(key.kind === 'secret' ? key.secret : null, deps.random);
  const links = new DownloadLinks(deps, { key: linkKey });
  const archives = { write: writeArchive, toRootName, checkFileCount };
  return new DownloadService({ ...deps, links, archives });
}
