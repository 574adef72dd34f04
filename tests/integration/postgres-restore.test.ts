import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { systemClock } from '../../src/shared/clock.js';
import { createTargets } from '../../src/sources/create-sources.js';
import { errorFrom, expectCode } from '../support/engine-till.js';
import { PostgresServer } from '../support/postgres-server.js';
import { POSTGRES_FINGERPRINT, POSTGRES_TILL } from '../support/postgres-till-schema.js';
import { findPrograms } from '../support/process-list.js';
import { ServerTill } from '../support/server-till.js';

describe('PostgreSQL backup and restore', () => {
  let server: PostgresServer;
  let till: ServerTill;
  let database: string;

  before(async function () {
    server = await PostgresServer.open(this);
  });

  beforeEach(async () => {
    database = await server.create(POSTGRES_TILL, `tv'ü"x`);
    till = await ServerTill.open('postgresql', server.url(database));
  });

  afterEach(async () => {
    await till?.close();
    await server?.close();
  });

  async function fingerprint(name = database): Promise<string[]> {
    const rows = await server.query<{ line: string }>(name, POSTGRES_FINGERPRINT);
    return rows.map(({ line }) => line);
  }

  /** Text in it is stored as Latin-1, and sorted by its bytes. */
  async function createLatin(): Promise<string> {
    const name = server.reserve('tvlatin');
    await server.query(
      'postgres',
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    await server.query(name, "CREATE TABLE sales AS SELECT 'Käse' AS name");
    return name;
  }

  async function expectUntouched(before: string[]): Promise<void> {
    expect(await fingerprint()).to.deep.equal(before);
    expect(await server.leftovers(database)).to.deep.equal([]);
    expect([...till.journal.entries.keys()]).to.deep.equal([]);
    expect(findPrograms('/pg_')).to.deep.equal([]);
  }

  it('brings everything back as it was', async () => {
    const before = await fingerprint();
    const { snapshotId, components } = await till.backup();
    await server.query(database, 'DROP SCHEMA "Kasse №1" CASCADE; TRUNCATE sales; SELECT lo_unlink(4711)');
    await till.restoreAndForget(snapshotId);
    await expectUntouched(before);
    expect(components[0]?.source).to.match(/^postgresql .*\/tv'ü"x/);
    const [{ id } = { id: '' }] = await server.query<{ id: string }>(
      database,
      `INSERT INTO "Kasse №1"."it's a table" ("näme ""quoted""", price) VALUES ('next', 1) RETURNING id`,
    );
    expect(Number(id)).to.equal(501);
  });

  it('restores a database that is gone', async () => {
    const before = await fingerprint();
    const { snapshotId } = await till.backup();
    await server.query('postgres', `DROP DATABASE "${database.replaceAll('"', '""')}"`);
    await till.restoreAndForget(snapshotId, { overwrite: false });
    await expectUntouched(before);
    const comments = await server.query(
      'postgres',
      "SELECT 1 FROM pg_shdescription WHERE description LIKE '%Tillvault%'",
    );
    expect(comments).to.deep.equal([]);
  });

  it("keeps the database's owner, settings, privileges, comment and limit", async () => {
    const role = await server.createRole('x');
    const name = `"${database.replaceAll('"', '""')}"`;
    await server.query(
      'postgres',
      `ALTER DATABASE ${name} OWNER TO ${role}; ALTER DATABASE ${name} SET search_path TO "Kasse №1", public;
       ALTER DATABASE ${name} SET timezone TO 'Europe/Berlin'; ALTER ROLE ${role} IN DATABASE ${name} SET work_mem TO '7MB';
       REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC; GRANT TEMP ON DATABASE ${name} TO pg_monitor WITH GRANT OPTION;
       COMMENT ON DATABASE ${name} IS 'it''s mine'; ALTER DATABASE ${name} CONNECTION LIMIT 17`,
    );
    const properties = () =>
      server.query(
        database,
        `SELECT pg_get_userbyid(datdba), encoding, datcollate, datctype, datconnlimit, datallowconn, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a) AS privileges,
                shobj_description(d.oid, 'pg_database'),
                (SELECT json_agg(json_build_array(setrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)
           FROM pg_database d WHERE datname = current_database()`,
      );
    const before = await properties();
    const { snapshotId } = await till.backup();
    await till.restoreAndForget(snapshotId);
    expect(await properties()).to.deep.equal(before);
    await server.query('postgres', `DROP DATABASE ${name}`);
    await till.restoreAndForget(snapshotId);
    expect(await properties()).to.deep.equal(before);
    expect(await server.leftovers(database)).to.deep.equal([]);
    await server.query('postgres', `DROP DATABASE ${name}`);
  });

  it('gives a database that is gone its encoding and collation again', async () => {
    const latin = await createLatin();
    const look = () =>
      server.query(
        latin,
        'SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database()',
      );
    const before = await look();
    const other = await ServerTill.open('postgresql', server.url(latin));
    const { snapshotId } = await other.backup();
    await server.query('postgres', `DROP DATABASE ${latin}`);
    const { notices } = await other.restore(snapshotId, { restoreId: 'latin' });
    await other.forget('latin');
    expect(notices).to.deep.equal([]);
    expect(await look()).to.deep.equal(before);
    expect(await server.query(latin, 'SELECT name FROM sales')).to.deep.equal([{ name: 'Käse' }]);
    await other.close();
  });

  it('tells in the backup which functions a restore cannot call, and restores once they are safe', async () => {
    await server.query(
      database,
      `CREATE TABLE rates (v text); INSERT INTO rates VALUES ('z');
       CREATE FUNCTION rated(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) || (SELECT max(v) FROM rates)';
       CREATE FUNCTION plain(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
       CREATE TABLE names (a text); INSERT INTO names VALUES ('A'); CREATE INDEX ON names (rated(a)); CREATE INDEX ON names (plain(a))`,
    );
    const fragile = await till.backup();
    expect(fragile.notices.join()).to.include('"rated(text)"').and.not.include('plain(text)');
    await expectCode(till.restore(fragile.snapshotId), 'SOURCE_UNAVAILABLE');
    await server.query(database, 'ALTER FUNCTION rated(text) SET search_path = public');
    const before = await fingerprint();
    const safe = await till.backup();
    expect(safe.notices).to.deep.equal([]);
    await till.restoreAndForget(safe.snapshotId);
    await expectUntouched(before);
  });

  it('tells what the server does not have that the database had', async () => {
    const role = await server.createRole('x');
    const name = `"${database.replaceAll('"', '""')}"`;
    await server.query(
      'postgres',
      `GRANT CONNECT ON DATABASE ${name} TO ${role}; ALTER ROLE ${role} IN DATABASE ${name} SET work_mem TO '7MB'`,
    );
    const before = await fingerprint();
    const { snapshotId } = await till.backup();
    await server.query('postgres', `DROP DATABASE ${name}`);
    await server.query('postgres', `DROP ROLE ${role}`);
    const { notices } = await till.restore(snapshotId, { restoreId: 'lacking' });
    await till.forget('lacking');
    expect(notices.join('\n'))
      .to.include(`Setting "work_mem" of the database for role "${role}"`)
      .and.include(`Privilege CONNECT of role "${role}"`)
      .and.not.include('7MB');
    await expectUntouched(before);
  });

  it('replaces a database that is a template, and drops the old one', async () => {
    const name = `"${database.replaceAll('"', '""')}"`;
    const isTemplate = async () =>
      (
        await server.query(
          database,
          'SELECT datistemplate AS is FROM pg_database WHERE datname = current_database()',
        )
      )[0];
    await server.query('postgres', `ALTER DATABASE ${name} IS_TEMPLATE true`);
    const before = await fingerprint();
    const { snapshotId } = await till.backup();
    await till.restoreAndForget(snapshotId);
    await expectUntouched(before);
    expect(await isTemplate()).to.deep.equal({ is: true });
    await server.query('postgres', `ALTER DATABASE ${name} IS_TEMPLATE false`);
  });

  it('ends clients that came to look at the fresh database', async () => {
    const before = await fingerprint();
    const { snapshotId } = await till.backup();
    const clients: Promise<unknown>[] = [];
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'CHECKING' && clients.length === 0)
        clients.push(server.connect(`${database}_tillvault_looked`, 'exporter'));
    };
    await till.restore(snapshotId, { restoreId: 'looked' }, { onProgress });
    await till.forget('looked');
    expect(await Promise.all(clients)).to.have.length(1);
    await expectUntouched(before);
  });

  it('leaves the privileges alone that nobody changed', async () => {
    const { snapshotId } = await till.backup();
    await till.restoreAndForget(snapshotId);
    const [row] = await server.query(
      database,
      'SELECT datacl FROM pg_database WHERE datname = current_database()',
    );
    expect(row).to.deep.equal({ datacl: null });
  });

  it('stores almost nothing when nothing or one row changed', async () => {
    await server.query(
      database,
      'CREATE TABLE journal AS SELECT n, md5(n::text) AS a, md5((n * 7)::text) AS b FROM generate_series(1, 60000) n',
    );
    const first = await till.backup();
    const second = await till.backup();
    await server.query(database, `UPDATE sales SET total = 5 WHERE id = 17`);
    const third = await till.backup();
    expect(first.sizeBytes).to.be.greaterThan(4_000_000);
    expect(second.storedBytes).to.be.lessThan(100_000);
    expect(third.storedBytes).to.be.lessThan(200_000);
  });

  it('writes the dump as a file when it restores beside the live data', async () => {
    const { snapshotId } = await till.backup();
    await till.restore(snapshotId, { targetFolder: `${till.folder}/beside` });
    const [properties, name] = readdirSync(`${till.folder}/beside/database`).sort();
    expect(properties).to.equal(`${database}.database.json`);
    expect(name).to.equal(`${database}.dump`);
    expect(readFileSync(`${till.folder}/beside/database/${name}`).subarray(0, 5).toString()).to.equal(
      'PGDMP',
    );
  });

  it('ends the sessions of the till at the swap, and takes new ones after it', async () => {
    const { snapshotId } = await till.backup();
    const client = await server.connect(database);
    await till.restoreAndForget(snapshotId);
    expect(await client.query('SELECT 1').catch((error: Error) => error.message)).to.be.a('string');
    const again = await server.connect(database);
    await again.query('INSERT INTO cart VALUES (2)');
    await again.end();
    await client.end().catch(() => {});
  });

  context('when a restore cannot be done', () => {
    let before: string[];
    let snapshotId: string;

    async function backUpThenChange(): Promise<void> {
      ({ snapshotId } = await till.backup());
      await server.query(database, 'TRUNCATE audit');
      before = await fingerprint();
    }

    it('refuses to overwrite tables without being told to', async () => {
      await backUpThenChange();
      await expectCode(till.restore(snapshotId, { overwrite: false }), 'CONFLICT');
      await expectUntouched(before);
    });

    it('leaves the old database when it is cancelled in each phase', async () => {
      await backUpThenChange();
      for (const phase of ['STAGING', 'CHECKING', 'SWAPPING'] as const) {
        const abort = new AbortController();
        const options = {
          signal: abort.signal,
          onProgress: (update: { phase: string }) => update.phase === phase && abort.abort(),
        };
        await expectCode(till.restore(snapshotId, {}, options), 'CANCELLED');
        await expectUntouched(before);
      }
    });

    it('leaves the old database when the names are taken', async () => {
      await backUpThenChange();
      const quoted = (suffix: string) => `"${(database + suffix).replaceAll('"', '""')}"`;
      await server.query('postgres', `CREATE DATABASE ${quoted('_tillvault_old_taken')}`);
      await errorFrom(till.restore(snapshotId, { restoreId: 'taken' }));
      expect(await server.leftovers(database)).to.deep.equal([`${database}_tillvault_old_taken`]);
      await server.query('postgres', `DROP DATABASE ${quoted('_tillvault_old_taken')}`);
      await expectUntouched(before);
    });

    it('names the clients that it may not end, apart from missing privileges', async () => {
      await backUpThenChange();
      const password = 'se cret"\'\\ü';
      const user = await server.createRole(password.replaceAll("'", "''"));
      const limited = await ServerTill.open('postgresql', server.url(database, { user, password }));
      const plan = () =>
        createTargets(limited.settings, { clock: systemClock, targetFolder: null })
          .get('DATABASE')!
          .plan({ totalBytes: 0, totalFiles: 1 }, { restoreId: 'x', overwrite: true });
      const errors = [await expectCode(plan(), 'SOURCE_UNAVAILABLE')];
      await server.query('postgres', `ALTER ROLE ${user} CREATEDB`);
      errors.push(await expectCode(plan(), 'SOURCE_UNAVAILABLE'));
      await server.query('postgres', `ALTER DATABASE "${database.replaceAll('"', '""')}" OWNER TO ${user}`);
      const client = await server.connect(database, 'front desk');
      const held = await expectCode(plan(), 'CONFLICT');
      await client.end();
      expect(errors[0]?.message).to.include('CREATEDB');
      expect(errors[1]?.message).to.include('belongs to "postgres"');
      expect(held.message).to.include('1 client (front desk)');
      for (const error of [...errors, held])
        expect(JSON.stringify(error) + error.message).not.to.include('se cret');
      await limited.close();
      await server.query('postgres', `ALTER DATABASE "${database.replaceAll('"', '""')}" OWNER TO postgres`);
    });
  });
});
