/** Restores a database on a server, to be killed meanwhile: kind, URL, folder of the repository, snapshot, restore id. */
import { ServerTill } from './server-till.js';

const [kind, url, folder, snapshotId, restoreId] = process.argv.slice(2);
const till = await ServerTill.openOnDisk(kind === 'mysql' ? 'mysql' : 'postgresql', url!, folder!);
process.stdout.write('ready\n');
await till.restore(snapshotId!, { restoreId: restoreId! });
process.stdout.write('done\n');
