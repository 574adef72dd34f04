/**
 * Restores a folder of root's as an account of no privileges, in a process of its own: nothing gets the first account
 * back. Arguments: a folder that everybody may write, and a user id. Prints the notices and what came of it as JSON.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { FolderTarget } from '../../src/sources/folder-target.js';

const [folder = '', user = ''] = process.argv.slice(2);
process.setgroups?.([]);
process.setgid?.(Number(user));
process.setuid?.(Number(user));

const live = join(folder, 'live');
const target = new FolderTarget('FILES', { kind: 'live', roots: [{ label: 'files', path: live }] });
const staging = await target.stage({ restoreId: 'r', overwrite: true });
const entryOf = (path: string, uid: number) => ({
  path: Buffer.from(path),
  mode: 0o755,
  mtimeNs: 0n,
  uid,
  gid: Number(user),
});
await staging.directory(entryOf('files', Number(user)));
await staging.symlink({ ...entryOf('files/link', 0), target: Buffer.from('a') });
await staging.directory(entryOf('files/sub', 0));
await staging.finish();
await staging.prepare();
await staging.swap();
await staging.commit();
const { uid, mode } = lstatSync(join(live, 'sub'));
process.stdout.write(JSON.stringify({ notices: staging.notices, uid, mode: mode & 0o777 }));
