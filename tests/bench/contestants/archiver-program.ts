/**
 * A backup as a Node developer would write one: everything into a tar.gz by `archiver`, through a cipher, into a file.
 * Arguments: the folder, the file. Neither deduplicates nor can it tell whether what it reads changes meanwhile.
 */
import { createCipheriv, randomBytes, scryptSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { TarArchive } from 'archiver';

const [folder, path] = process.argv.slice(2);
if (folder === undefined || path === undefined) throw new Error('Expected a folder and a file');

const salt = randomBytes(16);
const nonce = randomBytes(12);
const cipher = createCipheriv('aes-256-gcm', scryptSync('a password of the benchmark', salt, 32), nonce);
const archive = new TarArchive({ gzip: true });
archive.directory(folder, false);
const written = pipeline(
  archive,
  cipher,
  async function* (sealed) {
    yield Buffer.concat([salt, nonce]);
    yield* sealed;
    yield cipher.getAuthTag();
  },
  createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }),
);
await Promise.all([archive.finalize(), written]);
