import { expect } from 'chai';
import { systemClock } from '../../src/shared/clock.js';
import { createTargets } from '../../src/sources/create-sources.js';
import { expectCode } from '../support/engine-till.js';
import { PostgresServer } from '../support/postgres-server.js';
import { ServerTill } from '../support/server-till.js';

const PASSWORD = 'plain';
const SCHEMA = `
CREATE SCHEMA app; CREATE TABLE app.sales (id serial PRIMARY KEY, total numeric);
INSERT INTO app.sales (total) SELECT n FROM generate_series(1, 100) n;
CREATE FUNCTION app.double(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE VIEW app.doubled AS SELECT id, app.double(total) AS total FROM app.sales;
CREATE EXTENSION pg_trgm; CREATE TABLE public.things (name text); CREATE INDEX ON public.things USING gin (name gin_trgm_ops);
SELECT lo_from_bytea(4711, 'large')`;

/** The documented account: it owns the database and may create databases, and nothing else. */
describe('PostgreSQL backup and restore as a plain owner', () => {
  let server: PostgresServer;
  let till: ServerTill;
  let database: string;
  let user: string;

  before(async function () {
    server = await PostgresServer.open(this);
  });

  beforeEach(async () => {
    user = await server.createRole(PASSWORD, 'CREATEDB');
    database = await server.create('SELECT 1', 'tvowner');
    await server.query('postgres', `ALTER DATABASE ${database} OWNER TO ${user}`);
    await asOwner(SCHEMA);
    till = await ServerTill.open('postgresql', server.url(database, { user, password: PASSWORD }));
  });

  afterEach(async () => {
    await till?.close();
    await server?.close();
  });

  async function asOwner(sql: string): Promise<void> {
    await server.query(database, `SET ROLE ${user}; ${sql}`);
  }

  async function fingerprint(): Promise<unknown> {
    return server.query(
      database,
      `SELECT (SELECT sum(total) FROM app.doubled) AS sales, md5(lo_get(4711)) AS large, pg_get_userbyid(datdba) AS owner,
              (SELECT array_agg(c.relname || ' ' || pg_get_userbyid(c.relowner) ORDER BY c.relname) FROM pg_class c
                WHERE c.relnamespace = 'app'::regnamespace) AS owners, datacl::text AS privileges
         FROM pg_database WHERE datname = current_database()`,
    );
  }

  const plan = () =>
    createTargets(till.settings, { clock: systemClock, targetFolder: null })
      .get('DATABASE')!
      .plan({ totalBytes: 0, totalFiles: 1 }, { restoreId: 'x', overwrite: true });

  it('brings everything back as it was, with the till connected', async () => {
    const before = await fingerprint();
    const { snapshotId } = await till.backup();
    await asOwner('TRUNCATE app.sales');
    const client = await server.connect(database, 'till', { user, password: PASSWORD });
    await till.restoreAndForget(snapshotId);
    expect(await fingerprint()).to.deep.equal(before);
    expect(await server.leftovers(database)).to.deep.equal([]);
    await client.end().catch(() => {});
  });

  it('restores a database that is gone', async () => {
    const before = await fingerprint();
    const { snapshotId } = await till.backup();
    await server.query('postgres', `DROP DATABASE ${database}`);
    await till.restoreAndForget(snapshotId);
    expect(await fingerprint()).to.deep.equal(before);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('undoes a swap', async () => {
    const { snapshotId } = await till.backup();
    await asOwner('INSERT INTO app.sales (total) VALUES (1000)');
    const before = await fingerprint();
    const write = till.journal.write.bind(till.journal);
    till.journal.write = async (entry) => {
      if (entry.state !== 'committed') return write(entry);
      expect(await fingerprint()).not.to.deep.equal(before);
      throw new Error('The journal is full');
    };
    await till.restore(snapshotId, { restoreId: 'undone' }).catch(() => {});
    till.journal.write = write;
    await till.forget('undone');
    expect(await fingerprint()).to.deep.equal(before);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('brings the old database back that a dead process had swapped', async () => {
    const { snapshotId } = await till.backup();
    await asOwner('INSERT INTO app.sales (total) VALUES (1000)');
    const before = await fingerprint();
    const target = createTargets(till.settings, { clock: systemClock, targetFolder: null }).get('DATABASE')!;
    const write = till.journal.write.bind(till.journal);
    till.journal.write = async (entry) => {
      await write(entry);
      if (entry.state === 'committed') await target.undoSwap(entry.parts[0]!.plan);
    };
    await till.restore(snapshotId, { restoreId: 'dead' });
    expect(await fingerprint()).to.deep.equal(before);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('keeps the tablespace, once it may be used', async () => {
    const space = `${database}_space`;
    const admin = await server.connect('postgres');
    await admin.query('SET allow_in_place_tablespaces = on');
    await admin.query(`CREATE TABLESPACE ${space} LOCATION ''`);
    try {
      await server.query('postgres', `ALTER DATABASE ${database} SET TABLESPACE ${space}`);
      const { snapshotId } = await till.backup();
      const error = await expectCode(plan(), 'SOURCE_UNAVAILABLE');
      expect(error.message).to.include(`GRANT CREATE ON TABLESPACE "${space}" TO "${user}"`);
      await server.query('postgres', `GRANT CREATE ON TABLESPACE ${space} TO ${user}`);
      await till.restoreAndForget(snapshotId);
      const rows = await server.query(
        'postgres',
        `SELECT 1 FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE datname = '${database}' AND spcname = '${space}'`,
      );
      expect(rows).to.have.length(1);
    } finally {
      await admin.query(`ALTER DATABASE ${database} SET TABLESPACE pg_default`);
      await admin.query(`DROP TABLESPACE ${space}`);
      await admin.end();
    }
  });

  it('carries the settings that it may, and tells the others', async () => {
    await asOwner(`ALTER DATABASE ${database} SET work_mem TO '9MB'`);
    await server.query('postgres', `ALTER DATABASE ${database} SET log_min_duration_statement TO 1000`);
    await server.query('postgres', `ALTER ROLE postgres IN DATABASE ${database} SET work_mem TO '8MB'`);
    const before = await fingerprint();
    const { snapshotId } = await till.backup();
    const { notices } = await till.restore(snapshotId, { restoreId: 'settings' });
    await till.forget('settings');
    expect(notices).to.have.length(2);
    expect(notices[0]).to.include('"log_min_duration_statement"');
    expect(notices[1]).to.include('"work_mem" of the database for role "postgres"');
    expect(await server.query(database, 'SHOW work_mem')).to.deep.equal([{ work_mem: '9MB' }]);
    expect(await fingerprint()).to.deep.equal(before);
  });

  it('is told in the backup what it cannot restore, and why a restore fails of it', async () => {
    const obstacles = [
      {
        make: 'CREATE TABLE app.foreign_sales (id int); GRANT SELECT ON app.foreign_sales TO PUBLIC',
        drop: 'DROP TABLE app.foreign_sales',
        word: 'belongs to "postgres"',
      },
      {
        make: 'CREATE EXTENSION pg_buffercache',
        drop: 'DROP EXTENSION pg_buffercache',
        word: 'the extensions "pg_buffercache"',
      },
      {
        make: `CREATE FUNCTION app.ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; ALTER FUNCTION app.ev() OWNER TO ${user};
               CREATE EVENT TRIGGER app_ev ON ddl_command_end EXECUTE FUNCTION app.ev()`,
        drop: 'DROP EVENT TRIGGER app_ev; DROP FUNCTION app.ev()',
        word: 'the event triggers "app_ev"',
      },
    ];
    expect((await till.backup()).notices).to.deep.equal([]);
    for (const { make, drop, word } of obstacles) {
      await server.query(database, make);
      const before = await fingerprint();
      const { snapshotId, notices } = await till.backup();
      expect(notices, word).to.have.length(1);
      expect(notices[0]).to.include(word).and.include(`User "${user}"`);
      const error = await expectCode(till.restore(snapshotId), 'SOURCE_UNAVAILABLE');
      expect(error.message, word).to.include('may not make again');
      expect(await fingerprint()).to.deep.equal(before);
      expect(await server.leftovers(database)).to.deep.equal([]);
      await server.query(database, drop);
    }
  });

  it('is told in the plan that the role of the owner cannot be used', async () => {
    const owner = await server.createRole('x');
    await server.query('postgres', `ALTER DATABASE ${database} OWNER TO ${owner}`);
    await server.query('postgres', `GRANT ${owner} TO ${user}; ALTER ROLE ${user} NOINHERIT`);
    const error = await expectCode(plan(), 'SOURCE_UNAVAILABLE');
    expect(error.message).to.include(`belongs to "${owner}"`);
    await server.query('postgres', `ALTER DATABASE ${database} OWNER TO ${user}`);
  });
});
