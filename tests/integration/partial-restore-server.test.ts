import { readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { ServerProcess } from '../support/server-process.js';

const LIST =
  '{ backups(limit: 100) { items { id name checksum sizeBytes storedBytes fileCount expiresAt createdAt } } }';

describe('A server asked for parts of a backup', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  let backupId: string;

  before(async () => {
    server = await ServerProcess.start();
    backupId = String((await server.backUp({ name: 'all of it' })).id);
  });
  after(() => server[Symbol.asyncDispose]());

  it('restores one file and leaves the others', async () => {
    const [wanted, other] = [1, 2].map((at) => server.path(`files/receipts/2025/${at}.txt`)) as [
      string,
      string,
    ];
    await unlink(wanted);
    await writeFile(other, 'changed');
    const paths = ['files/receipts/2025/1.txt'];
    const restore = await server.restore({ backupId, paths, overwrite: true });
    expect(restore).to.include({ status: 'COMPLETED', restoredFiles: 1, error: null });
    expect(await readFile(wanted, 'utf8')).to.equal('receipt 1\n'.repeat(20));
    expect(await readFile(other, 'utf8')).to.equal('changed');
    const { data } = await server.query(
      'query ($id: ID!) { restore(id: $id) { paths components } }',
      restore,
    );
    expect(data?.restore).to.deep.equal({ paths, components: ['CONFIG', 'CACHE', 'FILES'] });
  });

  it('ends with BAD_USER_INPUT for a path that the backup does not hold', async () => {
    const restore = await server.restore({
      backupId,
      paths: ['files/nope', 'files/receipts'],
      overwrite: true,
    });
    expect(restore.status).to.equal('FAILED');
    expect(restore.error).to.include({ code: 'BAD_USER_INPUT' });
    expect((restore.error as { message: string }).message)
      .to.include("'files/nope'")
      .and.not.include("'files/receipts'");
  });

  for (const [what, input] of [
    ['an empty list', { paths: [] }],
    ['more paths than 100', { paths: Array.from({ length: 101 }, (_, at) => `files/${at}`) }],
    ['a path that leaves the till', { paths: ['files/../../etc'] }],
    ['an absolute path', { paths: ['/files'] }],
    ['a stray backslash', { paths: ['files\\receipts'] }],
    ['a database in part', { paths: ['dev.db'], components: ['DATABASE'] }],
  ] as const) {
    it(`refuses ${what} at once`, async () => {
      const { errors } = await server.query(
        'mutation ($input: CreateRestoreInput!) { createRestore(input: $input) { restore { id } } }',
        { input: { backupId, ...input } },
      );
      expect(errors?.[0]?.extensions).to.deep.include({
        code: 'BAD_USER_INPUT',
        details: { field: 'paths' },
      });
    });
  }

  it('lists every backup as before when its metadata was deleted', async () => {
    await server.backUp({ name: 'another', type: 'PARTIAL', components: ['FILES'] });
    const before = (await server.query(LIST)).data;
    expect(before?.backups?.items).to.have.length(2);
    await server.stop();
    for (const suffix of ['', '-wal', '-shm'])
      await rm(server.path(`data/tillvault.db${suffix}`), { force: true });
    await server.start();
    expect((await server.query(LIST)).data).to.deep.equal(before);
  });
});
