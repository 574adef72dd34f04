import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { PostgresServer } from '../support/postgres-server.js';
import { ServerProcess } from '../support/server-process.js';

const CREATE =
  'mutation { createBackup(input: { type: PARTIAL, components: [DATABASE] }) { backup { id } } }';

describe('a server that starts while the database of an interrupted restore is down', () => {
  let postgres: PostgresServer;
  let server: ServerProcess;
  let door: Server;
  let port: number;
  let isShut = true;
  const open = new Set<Socket>();

  before(async function () {
    postgres = await PostgresServer.open(this);
    const database = await postgres.create('CREATE TABLE sales (id int)');
    const address = new URL(postgres.url(database));
    const { hostname } = address;
    const behindPort = Number(address.port || 5_432);
    door = createServer((socket) => {
      if (isShut) return socket.destroy();
      const behind = connect(behindPort, hostname);
      for (const [from, to] of [
        [socket, behind],
        [behind, socket],
      ] as const) {
        open.add(from);
        from.on('error', () => to.destroy());
        from.pipe(to);
      }
    });
    door.listen(0, '127.0.0.1');
    await once(door, 'listening');
    port = (door.address() as { port: number }).port;
    address.host = `127.0.0.1:${port}`;
    server = await ServerProcess.prepare({ settings: { DATABASE_URL: address.href } });
    const journal = join(server.folder, 'data/journal');
    mkdirSync(journal, { recursive: true, mode: 0o700 });
    const entry = {
      version: 1,
      restoreId: 'r-1',
      backupId: 'b-1',
      targetFolder: null,
      state: 'swapping',
      parts: [{ component: 'DATABASE', isFinal: false, plan: { kind: 'server', restoreId: 'r-1' } }],
      outcome: { validated: true, restoredFiles: 1, skippedFiles: 0, restoredBytes: 1 },
    };
    writeFileSync(join(journal, 'r-1.json'), JSON.stringify(entry));
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    for (const socket of open) socket.destroy();
    door?.close();
    await postgres?.close();
  });

  it('listens, refuses work until the database answers, and then takes it', async () => {
    await server.start();
    const refused = await server.query(CREATE);
    expect([refused.status, refused.errors?.[0]?.extensions.code]).to.deep.equal([
      503,
      'SERVICE_UNAVAILABLE',
    ]);
    expect(refused.errors?.[0]?.message).to.match(/^An earlier restore was cut short/);
    expect((await server.query('{ backups { pagination { total } } }')).errors).to.equal(undefined);
    isShut = false;
    for (let look = 0; look < 200 && (await server.query(CREATE)).errors; look++) await wait(100);
    const { errors } = await server.query(CREATE);
    expect(errors).to.equal(undefined);
  });

  it('stops at once while it waits', async () => {
    await server.stop('SIGKILL');
    isShut = true;
    await server.start({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/x' });
    expect(await server.stop()).to.equal(0);
  });
});
