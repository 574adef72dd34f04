import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { MAX_ZIP_ENTRIES, writeArchive } from '../../../src/archive/write-archive.js';
import type { SnapshotPiece } from '../../../src/engine/index.js';
import {
  ARCHIVE_FORMAT_DESCRIPTIONS,
  ARCHIVE_FORMATS,
  type ArchiveFormat,
} from '../../../src/shared/archive-format.js';
import { KiB, MiB } from '../../../src/shared/bytes.js';
import { IntegrityError } from '../../../src/shared/errors.js';
import { type MadeEntry, MTIME_NS, toPieces } from '../../support/archive-pieces.js';
import { hasProgram, needs } from '../../support/needs.js';

const PROGRAMS: Record<ArchiveFormat, string[]> = {
  ZIP: ['unzip'],
  TAR: ['tar'],
  TAR_GZ: ['tar', 'gzip'],
  TAR_ZST: ['tar', 'zstd'],
};
const NEVER = new AbortController().signal;

describe('writeArchive()', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-archive-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const fileOf = (format: ArchiveFormat) =>
    join(folder, `archive${ARCHIVE_FORMAT_DESCRIPTIONS[format].extension}`);
  const contentsOf = (entries: readonly MadeEntry[], pieces = toPieces(entries)) => ({
    rootName: 'root',
    createdAt: new Date('2026-01-02T03:04:05Z'),
    manifest: { format: 1 },
    pieces,
    entries: () => toPieces(entries, { withContent: false }),
  });
  const write = async (format: ArchiveFormat, entries: readonly MadeEntry[]) => {
    const output = createWriteStream(fileOf(format));
    await writeArchive(contentsOf(entries), { format, output, signal: NEVER });
    return fileOf(format);
  };
  const extract = (format: ArchiveFormat, file: string) =>
    format === 'ZIP'
      ? spawnSync('unzip', ['-q', file, '-d', folder])
      : spawnSync('tar', ['-x', '--same-permissions', '-f', file, '-C', folder]);
  const test = (format: ArchiveFormat, file: string) =>
    format === 'ZIP' ? spawnSync('unzip', ['-tqq', file]) : spawnSync('tar', ['-t', '-f', file]);

  const till: MadeEntry[] = [
    { component: 'DATABASE', path: 'pos.db', content: randomBytes(3 * MiB), mode: 0o600 },
    { component: 'CONFIG', path: 'config' },
    { component: 'CONFIG', path: 'config/pos.json', content: Buffer.from('{}') },
    { path: 'files', mode: 0o750 },
    { path: 'files/empty', content: Buffer.alloc(0) },
    { path: 'files/link', target: 'receipts/1.txt' },
    { path: 'files/receipts' },
    { path: 'files/receipts/1.txt', content: Buffer.from('receipt 1\n'), mode: 0o755 },
    { path: `files/receipts/${'long '.repeat(40)}.txt`, content: Buffer.from('long') },
    { path: Buffer.from('files/receipts/reçu.txt').toString('latin1'), content: Buffer.alloc(100 * KiB, 7) },
  ];

  for (const format of ARCHIVE_FORMATS) {
    context(`as ${format}`, () => {
      before(function () {
        for (const program of [...PROGRAMS[format], 'sha256sum']) needs(this, hasProgram(program), program);
      });

      it('holds everything, and sha256sum verifies it', async () => {
        expect(extract(format, await write(format, till)).status).to.equal(0);
        const root = join(folder, 'root');
        expect((await readdir(root)).sort()).to.deep.equal([
          'SHA256SUMS',
          'config',
          'database',
          'files',
          'manifest.json',
        ]);
        for (const { component = 'FILES', path, content } of till) {
          const place = join(root, component.toLowerCase(), Buffer.from(path, 'latin1').toString());
          if (content) expect((await readFile(place)).equals(content), path).to.equal(true);
        }
        expect(await readlink(join(root, 'files/files/link'))).to.equal('receipts/1.txt');
        execFileSync('sha256sum', ['--quiet', '--strict', '-c', 'SHA256SUMS'], { cwd: root });
        const sums = await readFile(join(root, 'SHA256SUMS'), 'utf8');
        expect(sums.split('\n')).to.have.length(1 + 6 + 1);
      });

      it('keeps modes and times', async () => {
        extract(format, await write(format, till));
        const { mode, mtimeMs } = await stat(join(folder, 'root/files/files/receipts/1.txt'));
        expect(mode & 0o7777).to.equal(0o755);
        // ZIP has steps of two seconds, and no time zone.
        if (format !== 'ZIP') expect(mtimeMs).to.equal(Number(MTIME_NS / 1_000_000n));
        expect((await stat(join(folder, 'root/files/files'))).mode & 0o7777).to.equal(0o750);
      });

      it('is found out wherever it is cut', async () => {
        const file = await write(format, till);
        expect(test(format, file).status).to.equal(0);
        const { size } = await stat(file);
        // GNU tar takes a tar that ends between two entries for whole: there the transport must tell, and SHA256SUMS is missing.
        const places = format === 'TAR' ? [size >> 1] : [size - 1, size - 30, size - 513, size >> 1, 600];
        for (const left of places) {
          await truncate(file, left);
          expect(test(format, file).status, `cut to ${left} of ${size} bytes`).not.to.equal(0);
        }
      });

      it('keeps a hostile name inside, whatever it says', async () => {
        const names = [
          '..\\..\\up',
          'C:\\evil',
          '\\\\host\\share',
          'C:',
          '%2E%2E',
          '..%5Cx',
          '.. ',
          'nul\x01',
        ];
        const entries = names.map((path) => ({ path, content: Buffer.from(path) }));
        expect(extract(format, await write(format, entries)).status).to.equal(0);
        expect((await readdir(folder)).sort()).to.deep.equal(
          [fileOf(format).split('/').at(-1), 'root'].sort(),
        );
        expect(await readdir(join(folder, 'root/files'))).to.have.length(names.length);
        execFileSync('sha256sum', ['--quiet', '--strict', '-c', 'SHA256SUMS'], { cwd: join(folder, 'root') });
      });

      it('writes a name that is not text with the bytes it cannot hold as %HH', async () => {
        extract(format, await write(format, [{ path: 'caf\xe9', content: Buffer.from('x') }]));
        expect(await readdir(join(folder, 'root/files'))).to.deep.equal(['caf%E9']);
        execFileSync('sha256sum', ['--quiet', '--strict', '-c', 'SHA256SUMS'], { cwd: join(folder, 'root') });
      });

      it('destroys the output when content fails, and gives the error', async () => {
        const damaged = new IntegrityError('Told to fail');
        async function* failing(): AsyncGenerator<SnapshotPiece, void, void> {
          let pieces = 0;
          for await (const piece of toPieces(till)) {
            if (pieces++ === 10) throw damaged;
            yield piece;
          }
        }
        const output = createWriteStream(fileOf(format));
        const thrown = await writeArchive(contentsOf(till, failing()), {
          format,
          output,
          signal: NEVER,
        }).catch((error: unknown) => error);
        expect(thrown).to.equal(damaged);
        expect(output.destroyed).to.equal(true);
        expect(output.writableFinished).to.equal(false);
        if (format !== 'TAR') expect(test(format, fileOf(format)).status).not.to.equal(0);
      });

      it('stops reading when the output takes no more, and ends when it is cut off', async () => {
        let taken = 0;
        const entries = [{ path: 'large', content: randomBytes(24 * MiB) }];
        async function* counted(): AsyncGenerator<SnapshotPiece, void, void> {
          for await (const piece of toPieces(entries)) {
            if (piece.kind === 'content') taken += piece.bytes.length;
            yield piece;
          }
        }
        const output = new Writable({ write: () => {} });
        const writing = writeArchive(contentsOf(entries, counted()), { format, output, signal: NEVER }).catch(
          (error: Error) => error,
        );
        await wait(200);
        expect(taken).to.be.within(1, 8 * MiB);
        output.destroy();
        expect(await writing).to.be.instanceOf(Error);
      });

      it('holds back folders without content as well', async () => {
        let taken = 0;
        function* many(): Generator<MadeEntry> {
          for (let number = 0; number < 200_000; number++) {
            taken++;
            yield { path: `folder ${number}` };
          }
        }
        const controller = new AbortController();
        const output = new Writable({ write: () => {} });
        const writing = writeArchive(contentsOf([], toPieces(many())), {
          format,
          output,
          signal: controller.signal,
        }).catch((error: Error) => error);
        await wait(300);
        expect(taken).to.be.lessThan(60_000);
        controller.abort(new Error('Enough'));
        expect(await writing).to.include({ message: 'Enough' });
      });
    });
  }

  context('as TAR, where ZIP cannot follow', () => {
    it('ends with the reason of the signal also while folders are held back', async () => {
      let taken = 0;
      function* many(): Generator<MadeEntry> {
        for (;;) yield { path: `folder ${taken++}` };
      }
      const controller = new AbortController();
      const writing = writeArchive(contentsOf([], toPieces(many())), {
        format: 'TAR',
        output: new Writable({ write: () => {} }),
        signal: controller.signal,
      }).catch((error: Error) => error);
      for (let before = -1; before !== taken; await wait(50)) before = taken;
      const reason = new Error('Enough');
      controller.abort(reason);
      expect(await writing).to.equal(reason);
    });

    it('keeps names with backslashes and line breaks, odd times and great owners exactly', async function () {
      needs(this, hasProgram('tar'), 'tar');
      const entries: MadeEntry[] = [
        { path: 'a\\b\nc', content: Buffer.from('x'), mtimeNs: 1_700_000_000_123_456_789n },
        { path: 'before 1970', content: Buffer.from('x'), mtimeNs: -1_500_000_000n },
        {
          path: 'after 2038',
          content: Buffer.from('x'),
          mtimeNs: 3_000_000_000_000_000_000n,
          uid: 3_000_000,
        },
        { path: 'link', target: '..\\x' },
        { path: 'secret', content: Buffer.from('x'), mode: 0 },
      ];
      const file = await write('TAR', entries);
      extract('TAR', file);
      const at = (name: string) => lstat(join(folder, 'root/files', name), { bigint: true });
      expect((await at('a\\b\nc')).mtimeNs).to.equal(1_700_000_000_123_456_789n);
      expect((await at('before 1970')).mtimeNs).to.equal(-1_500_000_000n);
      expect((await at('after 2038')).mtimeNs).to.equal(3_000_000_000_000_000_000n);
      expect(await readlink(join(folder, 'root/files/link'))).to.equal('..\\x');
      expect((await at('secret')).mode & 0o777n).to.equal(0o400n);
      expect(execFileSync('tar', ['--numeric-owner', '-tvf', file], { encoding: 'utf8' })).to.contain(
        '3000000/0',
      );
    });
  });

  context('as ZIP, with very many entries', () => {
    it('is broken off, since it would be kept in memory', async () => {
      const count = MAX_ZIP_ENTRIES + 1;
      const entries = Array.from({ length: count }, (_, number) => ({ path: `f${number}` }));
      const output = new Writable({ write: (_chunk, _encoding, done) => done() });
      const thrown = await writeArchive(contentsOf(entries), { format: 'ZIP', output, signal: NEVER }).catch(
        (error: unknown) => error,
      );
      expect(thrown).to.include({ code: 'BAD_USER_INPUT' });
      expect(output.destroyed).to.equal(true);
    });
  });
});
