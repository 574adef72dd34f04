/** Downloads and the examples of docs/rest.md as people run them: a real server, curl, unzip, tar, sha256sum. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { expect } from 'chai';
import {
  ARCHIVE_FORMAT_DESCRIPTIONS,
  ARCHIVE_FORMATS,
  type ArchiveFormat,
} from '../../src/shared/archive-format.js';
import { MiB } from '../../src/shared/bytes.js';
import { hasProgram, needs } from '../support/needs.js';
import { scaled } from '../support/scale.js';
import { ServerProcess } from '../support/server-process.js';
import { makeToken } from '../support/tokens.js';

const run = promisify(execFile);

/** Runs the examples of docs/rest.md, in their order. */
function readExamples(): string[] {
  const text = readFileSync('docs/rest.md', 'utf8');
  return [...text.matchAll(/```bash\n(.*?)```/gs)].map(([, command]) => command!);
}

/** Resident bytes of a process now. */
function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

describe('downloads with the programs that people use', () => {
  before(function () {
    for (const program of ['curl', 'tar', 'gzip', 'zstd', 'unzip', 'sha256sum'])
      needs(this, hasProgram(program), program);
  });

  const download = (server: ServerProcess, query: string, file: string, options: string[] = []) =>
    run('curl', [
      '-sS',
      '--fail',
      '-o',
      file,
      '-H',
      `Authorization: Bearer ${makeToken()}`,
      ...options,
      server.origin + query,
    ]);

  function extract(format: ArchiveFormat, file: string, folder: string): void {
    if (format === 'ZIP') execFileSync('unzip', ['-q', file, '-d', folder]);
    else execFileSync('tar', ['-xf', file, '-C', folder]);
  }

  it('runs the examples of docs/rest.md as printed', async () => {
    await using server = await ServerProcess.start();
    const adapt = (command: string, id: string) =>
      command
        .replaceAll('http://localhost:3000', server.origin)
        .replaceAll('your-session-token', makeToken())
        .replaceAll('backup-uuid-here', id);
    const examples = readExamples();
    expect(examples).to.have.length(6);
    let id = '';
    const answers: Record<string, unknown>[] = [];
    for (const example of examples.slice(0, 5)) {
      const { stdout } = await run('sh', ['-c', adapt(example, id)], { cwd: server.folder });
      const answer = JSON.parse(stdout);
      id ||= answer.backup.id;
      answers.push(answer);
    }
    const [full, partial, list, restore, validation] = answers;
    expect(full?.backup).to.include({ status: 'completed', components: 4, encrypted: true });
    expect(partial?.backup).to.include({
      type: 'partial',
      components: 2,
      name: 'Database and Config Backup',
    });
    expect(list?.summary).to.include({ total: 2, completed: 2 });
    expect(restore).to.include({ error: 'Conflict', code: 'CONFLICT' });
    expect(validation?.restore).to.include({ status: 'completed', validated: true, validateOnly: true });
    await run('sh', ['-c', adapt(examples[5]!, id)], { cwd: server.folder });
    const file = readdirSync(server.folder).find((name) => name.endsWith('.tar.gz'));
    expect(file).to.equal(`${String(Object(full?.backup).name)}.tar.gz`);
    execFileSync('tar', ['-tf', server.path(file!)]);
  });

  it('gives in every format, through token and link, exactly what the till held', async function () {
    this.timeout(scaled(60_000, 1_200_000));
    await using server = await ServerProcess.start();
    const bytes = scaled(48, 2_048) * MiB;
    const piece = randomBytes(16 * MiB);
    for (let written = 0; written < bytes; written += piece.length) {
      piece.writeUInt32LE(written / piece.length); // or the repository would hold one piece
      await writeFile(server.path('files/film'), piece, { flag: 'a' });
    }
    await symlink('receipts/2025/1.txt', server.path('files/newest'));
    const backup = await server.backUp({ name: 'whole till' });
    // A server that has done nothing yet has the most to grow.
    await server.stop();
    await server.start();
    const pid = server.processId!;
    for (const format of ARCHIVE_FORMATS) {
      const file = server.path(`download${ARCHIVE_FORMAT_DESCRIPTIONS[format].extension}`);
      const before = residentBytes(pid);
      let most = before;
      const watch = setInterval(() => {
        most = Math.max(most, residentBytes(pid));
      }, 50);
      const started = performance.now();
      const { data } = await server.query(
        'query ($id: ID!, $format: ArchiveFormat!) { backup(id: $id) { downloadUrl(format: $format) } }',
        { id: backup.id, format },
      );
      // A link as a shell gets it, with no token beside it.
      await run('curl', ['-sS', '--fail', '-o', file, server.origin + String(data?.backup?.downloadUrl)]);
      clearInterval(watch);
      const grown = (most - before) / MiB;
      const seconds = (performance.now() - started) / 1_000;
      process.stdout.write(
        `      ${format}: ${(bytes / MiB / seconds).toFixed(0)} MiB/s, memory ${(before / MiB).toFixed(0)} + ${grown.toFixed(0)} MiB\n`,
      );
      const folder = server.path(`extracted-${format}`);
      await mkdir(folder);
      extract(format, file, folder);
      const root = join(folder, 'whole till');
      execFileSync('sha256sum', ['--quiet', '--strict', '-c', 'SHA256SUMS'], { cwd: root });
      for (const part of ['config', 'cache', 'files'])
        execFileSync('diff', ['-r', '--no-dereference', server.path(part), join(root, part, part)]);
      const database = new DatabaseSync(join(root, 'database/dev.db'), { readOnly: true });
      expect(database.prepare('SELECT count(*) AS sales FROM sales').get()).to.deep.include({ sales: 500 });
      database.close();
      const { backup: described } = JSON.parse(await readFile(join(root, 'manifest.json'), 'utf8'));
      expect(described).to.include({ id: backup.id, checksum: backup.checksum });
      if (bytes > 1_024 * MiB) expect(grown, format).to.be.lessThan(64);
      await rm(folder, { recursive: true });
      await rm(file);
    }
  });

  it('gives parts: components, files and folders', async () => {
    await using server = await ServerProcess.start();
    const { id } = await server.backUp();
    const list = async (query: string) => {
      await download(server, `/api/backup/${id}/download?format=tar&${query}`, server.path('part.tar'));
      const { stdout } = await run('tar', ['-tf', server.path('part.tar')]);
      return stdout
        .split('\n')
        .filter((name) => name !== '' && !name.endsWith('/'))
        .map((name) => name.slice(name.indexOf('/') + 1));
    };
    expect(await list('components=config')).to.deep.equal([
      'manifest.json',
      'config/config/pos.json',
      'SHA256SUMS',
    ]);
    expect(await list('paths=files/receipts/2025/7.txt&paths=cache')).to.deep.equal([
      'manifest.json',
      'cache/cache/session',
      'files/files/receipts/2025/7.txt',
      'SHA256SUMS',
    ]);
    const missing = await download(
      server,
      `/api/backup/${id}/download?paths=files/none`,
      server.path('none'),
    ).catch((error: { stderr: string }) => error.stderr);
    expect(missing).to.contain('400');
  });

  it('is cut off by damage, and curl and the programs say so', async () => {
    await using server = await ServerProcess.start();
    await writeFile(server.path('files/film'), randomBytes(40 * MiB));
    const { id } = await server.backUp({ type: 'PARTIAL', components: ['FILES'] });
    const packs = (await run('find', [server.path('backups/packs'), '-size', '+1M'])).stdout
      .trim()
      .split('\n');
    const newest = await Promise.all(packs.map(async (path) => ({ path, at: (await stat(path)).mtimeMs })));
    for (const { path } of newest.toSorted((a, b) => b.at - a.at).slice(0, 2)) {
      const content = await readFile(path);
      content[content.length >> 1]! ^= 1;
      await writeFile(path, content);
    }
    for (const format of ARCHIVE_FORMATS) {
      const file = server.path('cut');
      const status = await download(
        server,
        `/api/backup/${id}/download?format=${format.toLowerCase()}`,
        file,
      ).then(
        () => 0,
        (error: { code: number }) => error.code,
      );
      expect(status, `curl, ${format}`).to.equal(18);
      const test = format === 'ZIP' ? spawnSync('unzip', ['-tqq', file]) : spawnSync('tar', ['-tf', file]);
      expect(test.status, format).not.to.equal(0);
    }
  });

  it('costs nothing while the client does not read', async function () {
    this.timeout(scaled(60_000, 600_000));
    await using server = await ServerProcess.start();
    await writeFile(server.path('files/film'), randomBytes(scaled(48, 512) * MiB));
    const { id } = await server.backUp();
    const pid = server.processId!;
    const before = residentBytes(pid);
    const client = execFile('sh', [
      '-c',
      `curl -sSN -H 'Authorization: Bearer ${makeToken()}' '${server.origin}/api/backup/${id}/download?format=tar' | (sleep ${scaled(2, 50)}; cat) | sha256sum`,
    ]);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, residentBytes(pid));
    }, 50);
    const [code] = await new Promise<[number | null]>((resolve) =>
      client.once('exit', (status) => resolve([status])),
    );
    clearInterval(watch);
    expect(code).to.equal(0);
    process.stdout.write(
      `      memory ${(before / MiB).toFixed(0)} + ${((most - before) / MiB).toFixed(0)} MiB\n`,
    );
    expect((most - before) / MiB).to.be.lessThan(64);
  });
});
