import { expect } from 'chai';
import pg from 'pg';
import { expectCode } from '../support/engine-till.js';
import { PostgresServer, type Row } from '../support/postgres-server.js';
import { ServerTill } from '../support/server-till.js';
import { withFault } from '../support/statement-faults.js';

/** What the next process does with a swap that was cut short, when it is not where the swap was done. */
describe('recovery of a swap on a server', () => {
  let server: PostgresServer;
  let till: ServerTill;
  let other: ServerTill | null;
  let database: string;

  before(async function () {
    server = await PostgresServer.open(this);
  });

  beforeEach(async () => {
    other = null;
    database = await server.create('CREATE TABLE sales AS SELECT 1 AS id');
    till = await ServerTill.open('postgresql', server.url(database));
    const { snapshotId } = await till.backup();
    await server.query(database, 'INSERT INTO sales VALUES (2)');
    // Dead at the moment at which the databases have been exchanged.
    const fault = { from: /^COMMIT/, at: 1, when: 'after', isDead: true } as const;
    await withFault(pg.Client.prototype, fault, async () => {
      await till.restore(snapshotId, { restoreId: 'cut' }).catch(() => {});
    });
    expect(await countSales()).to.equal(1);
  });

  afterEach(async () => {
    await other?.close();
    await till?.close();
    await server?.close();
  });

  async function countSales(): Promise<number> {
    return (await server.query<Row>(database, 'SELECT * FROM sales')).length;
  }

  /** A process whose DATABASE_URL is `url`, with the journal of the dead one. */
  async function openOther(kind: 'postgresql' | 'mysql', url: string): Promise<ServerTill> {
    other = await ServerTill.open(kind, url);
    for (const entry of till.journal.entries.values()) await other.journal.write(entry);
    return other;
  }

  async function expectUntouched(): Promise<void> {
    expect(other?.journal.entries.get('cut')?.state).to.equal('swapping');
    expect(await countSales()).to.equal(1);
    expect(await server.leftovers(database)).to.deep.equal([`${database}_tillvault_old_cut`]);
  }

  it('brings the old database back at the address of the swap', async () => {
    await till.recover('cut');
    expect(await countSales()).to.equal(2);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('waits while DATABASE_URL names another database, host, port or kind of server', async () => {
    const elsewhere = await server.create('SELECT 1');
    const urls = [
      ['postgresql', server.url(elsewhere)],
      ['postgresql', server.url(database).replace('127.0.0.1', 'localhost')],
      ['postgresql', `postgresql://127.0.0.1:1/${database}`],
      ['mysql', `mysql://root@127.0.0.1:3306/${database}`],
    ] as const;
    for (const [kind, url] of urls) {
      const { message } = await expectCode((await openOther(kind, url)).recover('cut'), 'CONFLICT');
      expect(message).to.include(`database "${database}" of postgresql`).and.include('DATABASE_URL');
      await expectUntouched();
      await other?.close();
    }
    await till.recover('cut');
    expect(await countSales()).to.equal(2);
  });

  it('keeps user and password out of the journal', () => {
    const text = JSON.stringify([...till.journal.entries.values()]);
    expect(text).to.include(`"database":"${database}"`).and.not.include('postgres@');
  });

  it('waits when the address leads to a server that was never restored to', async () => {
    const entry = till.journal.entries.get('cut')!;
    const [part] = entry.parts;
    const moved = await server.create('CREATE TABLE sales AS SELECT 7 AS id');
    const plan = { ...part!.plan, server: { ...(part!.plan.server as object), database: moved } };
    await openOther('postgresql', server.url(moved));
    await other!.journal.write({ ...entry, parts: [{ ...part!, plan }] });
    const { message } = await expectCode(other!.recover('cut'), 'CONFLICT');
    expect(message).to.include(`Neither database "${moved}_tillvault_old_cut"`);
    await expectUntouched();
  });

  it('does nothing again when the undo was done and the process died before it could say so', async () => {
    const entry = till.journal.entries.get('cut')!;
    await till.recover('cut');
    await till.journal.write(entry);
    await till.recover('cut');
    expect(await countSales()).to.equal(2);
    expect([...till.journal.entries.keys()]).to.deep.equal([]);
  });

  it('brings the till back while the staged database cannot be dropped, and drops it later', async () => {
    const fault = { from: /^DROP DATABASE/, at: 1, when: 'before', isDead: true } as const;
    await withFault(pg.Client.prototype, fault, async () => {
      const [recovered] = await till.engine.recoverRestores([]);
      expect(recovered?.end).to.equal('rolledBack');
    });
    expect(await countSales()).to.equal(2);
    expect(await server.leftovers(database)).to.deep.equal([`${database}_tillvault_cut`]);
    await till.forget('cut');
    expect(await server.leftovers(database)).to.deep.equal([]);
    expect([...till.journal.entries.keys()]).to.deep.equal([]);
  });

  it('keeps the entry of a restore that stands while the old database cannot be dropped', async () => {
    await till.recover('cut');
    const { snapshotId } = await till.backup();
    const fault = { from: /^DROP DATABASE/, at: 1, when: 'before', isDead: true } as const;
    await withFault(pg.Client.prototype, fault, async () => {
      await till.restore(snapshotId, { restoreId: 'stands' });
      await till.forget('stands');
    });
    expect(till.journal.entries.get('stands')?.state).to.equal('leftover');
    expect(await server.leftovers(database)).to.deep.equal([`${database}_tillvault_old_stands`]);
    await till.forget('another');
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('understands the plan of a version that wrote no address', async () => {
    const entry = till.journal.entries.get('cut')!;
    await till.journal.write({
      ...entry,
      parts: [{ ...entry.parts[0]!, plan: { kind: 'server', restoreId: 'cut' } }],
    });
    await till.recover('cut');
    expect(await countSales()).to.equal(2);
  });
});
