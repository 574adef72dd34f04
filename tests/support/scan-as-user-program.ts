/** Scans a folder as another user, since root may read everything, and prints how it ended as JSON. */
import { systemClock } from '../../src/shared/clock.js';
import { AppError } from '../../src/shared/errors.js';
import { FolderSource } from '../../src/sources/folder-source.js';

const [, , path, user] = process.argv;
process.setuid?.(Number(user));
const source = new FolderSource('FILES', [{ label: 'files', path: path! }], { clock: systemClock });
try {
  await source.scan({});
  console.log(JSON.stringify({ code: 'none', message: '' }));
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
