/**
 * Restores into folders that are mount points, in a mount namespace of its own (run by `unshare --map-root-user
 * --mount`). Arguments: a folder; then `restore`, `add`, `undo`, `below`; or `image`, `own` and `sealed`: a folder of a
 * container's image, one made in the container, and one that can be moved away there but not back. Prints one line of JSON.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/shared/clock.js';
import { AppError } from '../../src/shared/errors.js';
import { FolderSource } from '../../src/sources/folder-source.js';
import { FolderTarget } from '../../src/sources/folder-target.js';
import { stageFrom } from './copy-component.js';

const [folder = '', action = ''] = process.argv.slice(2);
const saved = join(folder, 'saved');
const overlay = join(folder, 'overlay');
const isOverlay = ['image', 'own', 'sealed'].includes(action);
const live = join(isOverlay ? overlay : folder, isOverlay ? 'till' : 'live');
const write = (path: string, text: string) => writeFileSync(path, text);

mkdirSync(join(saved, 'receipts'), { recursive: true });
write(join(saved, 'a'), 'new a');
write(join(saved, 'b'), 'new b');
write(join(saved, 'receipts/1'), 'new 1');
if (isOverlay) mountOverlay();
else mkdirSync(live);
if (action === 'below') {
  mkdirSync(join(live, 'disk'));
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(live, 'disk')]);
} else if (!isOverlay) {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', live]);
  mkdirSync(join(live, 'receipts'));
  write(join(live, 'receipts/9'), 'old 9');
  write(join(live, 'a'), 'old a');
  write(join(live, 'c'), 'old c');
  mkdirSync(join(live, '.tillvault-notes'));
  write(join(live, '.tillvault-notes/9'), 'old note');
}

const target = new FolderTarget('FILES', { kind: 'live', roots: [{ label: 'files', path: live }] });
const source = new FolderSource('FILES', [{ label: 'files', path: saved }], { clock: systemClock });
let code: string | null = null;
try {
  const { staging } = await stageFrom(source, target, {
    restoreId: randomUUID(),
    overwrite: action !== 'add',
  });
  await staging.check({});
  const { plan } = await staging.prepare();
  await staging.swap();
  if (action === 'undo') await target.undoSwap(plan);
  if (action === 'undo') await target.undoSwap(plan);
  else await staging.commit();
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  code = error.code;
}
const found = readdirSync(live, { recursive: true, withFileTypes: true })
  .filter((entry) => !entry.isDirectory())
  .map((entry) => join(entry.parentPath, entry.name));
const files = Object.fromEntries(
  found.map((path) => [path.slice(live.length + 1), readFileSync(path, 'utf8')]),
);
process.stdout.write(
  `${JSON.stringify({ code, files, names: readdirSync(live).sort(), beside: readdirSync(join(live, '..')) })}\n`,
);

/** The live folder in a container's eyes: in the image below, or in the layer above, which is the container's own. */
function mountOverlay(): void {
  const layers = join(folder, 'layers');
  mkdirSync(layers);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', layers]);
  for (const name of ['image', 'own', 'work']) mkdirSync(join(layers, name));
  const layer = join(layers, action === 'image' ? 'image' : 'own');
  mkdirSync(join(layer, 'till'));
  write(join(layer, 'till/a'), 'old a');
  mkdirSync(overlay);
  const options = `lowerdir=${layers}/image,upperdir=${layers}/own,workdir=${layers}/work${action === 'sealed' ? '' : ',userxattr'}`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, overlay]);
}
