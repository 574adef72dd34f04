import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { lstatSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Staging } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { FolderSource } from '../../src/sources/folder-source.js';
import { FolderTarget } from '../../src/sources/folder-target.js';
import { stageFrom } from '../support/copy-component.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const RECORDED = new Date('2025-03-04T05:06:07Z');

describe('sockets and pipes of a live folder that is replaced', () => {
  let folder: string;
  let live: string;
  let server: Server;

  beforeEach(async () => {
    folder = await makeFolder();
    live = join(folder, 'till/files');
    for (const root of [join(folder, 'saved/files'), live]) {
      mkdirSync(join(root, 'spool'), { recursive: true });
      writeFileSync(join(root, 'spool/job'), root);
      utimesSync(join(root, 'spool'), RECORDED, RECORDED);
    }
    mkdirSync(join(live, 'gone'));
    for (const name of ['spool/pipe', 'gone/pipe']) execFileSync('mkfifo', [join(live, name)]);
    server = createServer((socket) => socket.end('printer'));
    server.listen(join(live, 'printer'));
    await once(server, 'listening');
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    await removeFolder(folder);
  });

  async function stage(paths: Buffer[] | null = null): Promise<Staging> {
    const label = 'files';
    const source = new FolderSource('FILES', [{ label, path: join(folder, 'saved/files') }], {
      clock: systemClock,
    });
    const target = new FolderTarget('FILES', { kind: 'live', roots: [{ label, path: live }] });
    const options = { restoreId: randomUUID(), overwrite: true, ...(paths && { paths }) };
    const { staging } = await stageFrom(source, target, options);
    await staging.check({});
    await staging.prepare();
    return staging;
  }

  async function askPrinter(): Promise<string> {
    const socket = connect(join(live, 'printer'));
    const [answer] = await once(socket, 'data');
    socket.destroy();
    return String(answer);
  }

  it('stay, and work on', async () => {
    const staging = await stage();
    await staging.swap();
    await staging.commit();
    expect(lstatSync(join(live, 'spool/pipe')).isFIFO()).to.equal(true);
    expect(await askPrinter()).to.equal('printer');
  });

  it('leave the times of their folders as they were recorded', async () => {
    const staging = await stage();
    await staging.swap();
    await staging.commit();
    expect(statSync(join(live, 'spool')).mtime).to.deep.equal(RECORDED);
  });

  it('are named when they cannot stay', async () => {
    const staging = await stage();
    expect(staging.notices).to.deep.equal([
      '"files/gone/pipe" is a named pipe and was removed: the backup does not hold the folder that it was in; start the program that made it again',
    ]);
    await staging.discard();
  });

  it('are where they were when the swap is undone', async () => {
    const inode = statSync(join(live, 'printer')).ino;
    const staging = await stage();
    await staging.swap();
    await staging.undo();
    await staging.discard();
    expect(statSync(join(live, 'printer')).ino).to.equal(inode);
    expect(readdirSync(join(folder, 'till'))).to.deep.equal(['files']);
    expect([await askPrinter(), readdirSync(live)]).to.deep.equal(['printer', ['gone', 'printer', 'spool']]);
  });

  it('are not brought back when their program has removed them meanwhile', async () => {
    const staging = await stage();
    rmSync(join(live, 'spool/pipe'));
    await staging.discard();
    expect(readdirSync(join(live, 'spool'))).to.deep.equal(['job']);
  });
});
