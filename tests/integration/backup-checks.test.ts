import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { MiB } from '../../src/shared/bytes.js';
import { ServerProcess } from '../support/server-process.js';

interface Proof {
  status: string;
  checkedBytes: number;
  error: { code: string; message: string } | null;
  version: string | null;
  components: { component: string; files: number; tables: { name: string; rows: number }[] }[];
}

const PROOFS = `query ($id: ID!) { backup(id: $id) {
  verification { status checkedBytes error { code message } }
  restoreTest { status checkedBytes version error { code message } components { component files tables { name rows } } } } }`;

describe('checks of backups by a real server', () => {
  let server: ServerProcess;
  let id: string;

  beforeEach(async () => {
    server = await ServerProcess.start();
    const backup = await server.backUp();
    expect(backup.status).to.equal('COMPLETED');
    id = String(backup.id);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  async function start(mutation: 'verifyBackup' | 'testRestore'): Promise<void> {
    const { data, errors } = await server.query(`mutation ($id: ID!) { ${mutation}(id: $id) { status } }`, {
      id,
    });
    expect(errors).to.equal(undefined);
    expect(data?.[mutation]?.status).to.equal('RUNNING');
  }

  async function ended(kind: 'verification' | 'restoreTest'): Promise<Proof> {
    for (let look = 0; look < 600; look++) {
      const { data } = await server.query(PROOFS, { id });
      const proof = data?.backup?.[kind] as Proof | null | undefined;
      if (proof && proof.status !== 'RUNNING') return proof;
      await wait(50);
    }
    throw new Error(`The ${kind} did not end:\n${server.output}`);
  }

  /** What is in TEMP_DIR below the server's own folder. */
  function temporaryFiles(): string[] {
    if (!existsSync(server.path('temp'))) return [];
    const paths = readdirSync(server.path('temp'), { recursive: true }).map(String);
    return paths.filter((path) => path.includes('/'));
  }

  it('prove that a backup is whole and can be restored, and keep the evidence', async () => {
    await start('verifyBackup');
    await start('testRestore');
    const { status, checkedBytes } = await ended('verification');
    expect([status, checkedBytes > 0]).to.deep.equal(['PASSED', true]);
    const test = await ended('restoreTest');
    expect(test).to.include({ status: 'PASSED', error: null });
    const [database, ...folders] = test.components;
    expect(database?.tables).to.deep.equal([{ name: 'sales', rows: 500 }]);
    expect(folders.map(({ component, files }) => [component, files])).to.deep.equal([
      ['CONFIG', 1],
      ['CACHE', 1],
      ['FILES', 40],
    ]);
    expect(temporaryFiles()).to.deep.equal([]);
  });

  it('find damage, and say where', async () => {
    const packs = server.path('backups/packs');
    for (const name of readdirSync(packs, { recursive: true }).map(String)) {
      if (!name.includes('/')) continue;
      const bytes = readFileSync(join(packs, name));
      bytes.fill(0, 60, 80);
      writeFileSync(join(packs, name), bytes);
    }
    await start('verifyBackup');
    await start('testRestore');
    for (const kind of ['verification', 'restoreTest'] as const) {
      const { status, error } = await ended(kind);
      expect([status, error?.code], kind).to.deep.equal(['FAILED', 'DATA_CORRUPTED']);
    }
    expect(server.output).to.include('did not pass its verification');
  });

  it('end FAILED and leave nothing when the server is killed meanwhile', async () => {
    writeFileSync(server.path('files/video'), randomBytes(40 * MiB));
    id = String((await server.backUp()).id);
    await start('testRestore');
    for (let look = 0; look < 2_000 && temporaryFiles().length === 0; look++) await wait(2);
    await server.stop('SIGKILL');
    expect(temporaryFiles(), 'when it was killed').not.to.deep.equal([]);
    await server.start();
    const { status, error } = await ended('restoreTest');
    expect([status, error?.code]).to.deep.equal(['FAILED', 'INTERRUPTED']);
    expect(temporaryFiles()).to.deep.equal([]);
    await start('testRestore');
    expect((await ended('restoreTest')).status).to.equal('PASSED');
  });

  it('are refused to everybody but administrators', async () => {
    const { data, errors } = await server.query(
      '{ repositoryVerification { days coveredPercent totalBytes } }',
    );
    expect([errors, data?.repositoryVerification?.days]).to.deep.equal([undefined, 30]);
    const refused = await server.query('mutation { verifyBackup(id: "x") { id } }', {}, 'nobody');
    expect(refused.status).to.equal(401);
  });
});
