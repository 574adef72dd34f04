import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openMetadata } from '../../../src/db/metadata.js';
import { AppError, StorageError } from '../../../src/shared/errors.js';
import { AUDIT_KEY, AuditBench, makeEvent } from '../../support/audit-bench.js';
import { ADMIN, codeOf } from '../../support/service-kit.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const FIRST = { page: 1, limit: 100 };

describe('AuditService', () => {
  let bench: AuditBench;

  beforeEach(async () => {
    bench = await AuditBench.open();
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  describe('verify()', () => {
    it('finds nothing wrong with what was only written', async () => {
      await bench.record(5);
      expect(await bench.verify()).to.deep.equal({
        ok: true,
        checkedEntries: 6,
        firstSequence: 1,
        lastSequence: 6,
        brokenId: null,
        reason: null,
      });
    });

    it('finds nothing wrong over restarts', async () => {
      await bench.record(2);
      await bench.stop();
      await bench.start();
      await bench.record(2);
      expect(await bench.verify()).to.include({ ok: true, checkedEntries: 5 });
    });

    const columns: readonly [string, string][] = [
      ['actor', "'mallory'"],
      ['role', 'NULL'],
      ['action', "'backup.cancel'"],
      ['target', "'b9'"],
      ['outcome', "'FORBIDDEN'"],
      ['remoteAddress', 'NULL'],
      ['detail', "'x'"],
      ['at', "'2026-01-01T00:00:00.000+00:00'"],
      ['id', "'another'"],
    ];
    for (const [column, value] of columns) {
      it(`finds an entry whose ${column} was changed`, async () => {
        await bench.record(4);
        await bench.tamper(`UPDATE audit_entries SET "${column}" = ${value} WHERE sequence = 3`);
        expect(await bench.verify()).to.deep.include({ ok: false, checkedEntries: 2, lastSequence: 2 });
      });
    }

    it('names the entry that was changed', async () => {
      await bench.record(4);
      const { id } = (await bench.metadata.audit.findAt(3))!;
      await bench.tamper(`UPDATE audit_entries SET outcome = 'x' WHERE sequence = 3`);
      const { brokenId, reason } = await bench.verify();
      expect(brokenId).to.equal(id);
      expect(reason).to.equal('Entry 3 was changed after it was written');
    });

    const tamperings: readonly [string, string, RegExp][] = [
      ['removed from the middle', 'DELETE FROM audit_entries WHERE sequence = 3', /Entry 3 is missing/],
      [
        'removed from the beginning',
        'DELETE FROM audit_entries WHERE sequence <= 2',
        /Entries 1 to 2 are missing/,
      ],
      [
        'removed from the end',
        'DELETE FROM audit_entries WHERE sequence > 3',
        /missing at the end.*audit-head/,
      ],
      ['all removed', 'DELETE FROM audit_entries', /missing/],
      [
        'renumbered over a gap',
        'DELETE FROM audit_entries WHERE sequence = 3; UPDATE audit_entries SET sequence = sequence - 1 WHERE sequence > 3',
        /./,
      ],
      [
        'exchanged',
        'UPDATE audit_entries SET sequence = 99 WHERE sequence = 3; UPDATE audit_entries SET sequence = 3 WHERE sequence = 4; UPDATE audit_entries SET sequence = 4 WHERE sequence = 99',
        /./,
      ],
      [
        'added without a place',
        "INSERT INTO audit_entries (id, at, actor, action, outcome) VALUES ('x', '2026-01-01T00:00:00.000+00:00', 'm', 'a', 'ok')",
        /not written by this server/,
      ],
      [
        'added with a place',
        `INSERT INTO audit_entries (id, at, actor, action, outcome, sequence, previousHash, hash) SELECT 'x', at, actor, action, outcome, sequence + 1, hash, '${'a'.repeat(64)}' FROM audit_entries WHERE sequence = 5`,
        /Entry 6 was changed/,
      ],
      ['stripped of their links', 'UPDATE audit_entries SET sequence = NULL', /missing|not written/],
    ];
    for (const [what, sql, reason] of tamperings) {
      it(`finds entries that were ${what}`, async () => {
        await bench.record(4);
        await bench.tamper(sql);
        const found = await bench.verify();
        expect(found.ok).to.equal(false);
        expect(found.reason).to.match(reason);
      });
    }

    it('still finds a cut end after the server has gone on writing', async () => {
      await bench.record(4);
      await bench.tamper('DELETE FROM audit_entries WHERE sequence > 3');
      await bench.record(10);
      expect(await bench.verify()).to.include({ ok: false, reason: 'Entries 4 to 5 are missing' });
    });

    it('finds a cut end, and a log written anew, also when the file in DATA_DIR is gone, by what backups have seen', async () => {
      await bench.record(4);
      bench.witnesses = [{ ...bench.audit.head!, keptBy: "backup 'b'" }];
      await bench.stop();
      await rm(join(bench.folder, 'audit-head'));
      await bench.start();
      await bench.tamper('DELETE FROM audit_entries WHERE sequence > 2');
      expect((await bench.verify()).reason).to.match(
        /Entries 3 to 5 are missing at the end: (backup 'b'|the file)/,
      );
      await bench.stop();
      await rm(join(bench.folder, 'audit-head'), { force: true });
      await rm(join(bench.folder, 'metadata.db'));
      await bench.start();
      await bench.record(8);
      expect((await bench.verify()).reason).to.equal(
        'Entries 1 to 5 are missing, and no removal of them is recorded',
      );
    });

    it('finds a chain that was computed with another key', async () => {
      await bench.record(2);
      const other = bench.join(bench.metadata);
      await other.open(Buffer.alloc(32));
      await other.record(makeEvent());
      await other.close();
      expect((await bench.verify()).reason).to.equal('Entry 4 was changed after it was written');
    });
  });

  describe('open()', () => {
    it('links the entries of before there was a chain, in their order', async () => {
      await bench.record(3);
      await bench.stop();
      await rm(join(bench.folder, 'audit-head'));
      await bench.start();
      const unlink =
        "DELETE FROM audit_entries WHERE action = 'audit.begin'; UPDATE audit_entries SET sequence = NULL, previousHash = NULL, hash = NULL";
      await bench.stop();
      await rm(join(bench.folder, 'audit-head'), { force: true });
      await bench.tamper(unlink);
      const { items } = await bench.audit.list(FIRST, null);
      expect(items.map(({ action, target }) => `${action} ${target}`)).to.deep.equal([
        'audit.begin null',
        'backup.create b2',
        'backup.create b1',
        'backup.create b0',
      ]);
      expect(items[0]?.detail).to.equal('3 earlier entries were linked');
      expect(await bench.verify()).to.include({ ok: true, checkedEntries: 4 });
    });

    it('keeps the head in a file of mode 0600', async () => {
      await bench.record(1);
      await bench.audit.close();
      const file = join(bench.folder, 'audit-head');
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      expect(await readFile(file, 'utf8')).to.equal(`2 ${bench.audit.head?.hash}\n`);
    });

    it('goes on without a file that cannot be read as one', async () => {
      await bench.record(1);
      await bench.stop();
      await writeFile(join(bench.folder, 'audit-head'), 'something else');
      await bench.start();
      await bench.record(1);
      expect(await bench.verify()).to.include({ ok: true, checkedEntries: 3 });
    });
  });

  describe('record()', () => {
    it('gives entries that come at once a place each, in one chain', async () => {
      await Promise.all(
        Array.from({ length: 100 }, (_, at) => bench.audit.record(makeEvent({ target: `${at}` }))),
      );
      expect(await bench.verify()).to.include({ ok: true, checkedEntries: 101 });
    });

    it('shares one chain with other servers on the same database', async () => {
      const metadata = await openMetadata(`file:${join(bench.folder, 'metadata.db')}`);
      const other = bench.join(metadata, join(bench.folder, 'other'));
      await other.open(AUDIT_KEY);
      await Promise.all(
        Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? other : bench.audit).record(makeEvent())),
      );
      expect(await bench.verify()).to.include({ ok: true, checkedEntries: 41 });
      expect(await other.verify()).to.include({ ok: true, checkedEntries: 41 });
      await other.close();
      await metadata.close();
    });

    for (const [name, text] of [
      ['NUL', 'a\0b'],
      ['half a character', 'a\ud800b'],
      ['10,000 characters', 'ä'.repeat(10_000)],
      ['quotation marks', `'";--`],
    ] as const) {
      it(`keeps a target with ${name} so that the chain holds`, async () => {
        await bench.audit.record(makeEvent({ target: text, actor: text, detail: text }));
        await bench.record(1);
        expect(await bench.verify()).to.include({ ok: true, checkedEntries: 3 });
        expect((await bench.audit.list(FIRST, { target: text })).total).to.equal(1);
      });
    }
  });

  describe('watch()', () => {
    const refuse = async () => {
      throw new StorageError('SERVICE_UNAVAILABLE', 'The disk is gone');
    };

    it('answers with the error when what was done cannot be recorded', async () => {
      bench.metadata.audit.append = refuse;
      const done = bench.audit.watch(ADMIN, 'x.y', async () => ({ result: 1, target: 't' }));
      expect(await codeOf(done)).to.equal('SERVICE_UNAVAILABLE');
    });

    it('answers with the refusal also when that cannot be recorded', async () => {
      bench.metadata.audit.append = refuse;
      const refused = bench.audit.watch(ADMIN, 'x.y', async () => {
        throw new AppError('CONFLICT', 'No');
      });
      expect(await codeOf(refused)).to.equal('CONFLICT');
    });
  });

  describe('list()', () => {
    beforeEach(async () => {
      await bench.record(3, { actor: 'anna' });
      await bench.record(2, { actor: 'carl', action: 'restore.create' });
    });

    const count = async (filter: Parameters<AuditBench['audit']['list']>[1]) =>
      (await bench.audit.list(FIRST, filter)).total;

    it('filters by actor, action and target', async () => {
      expect(await count({ actor: 'carl' })).to.equal(2);
      expect(await count({ action: 'backup.create' })).to.equal(3);
      expect(await count({ target: 'b1' })).to.equal(2);
      expect(await count({ target: 'b1', actor: 'anna' })).to.equal(1);
    });

    it('filters by time, both ends included', async () => {
      const at = new Date('2026-02-01T10:00:00.002Z');
      expect(await count({ after: at, before: at })).to.equal(1);
      expect(await count({ after: at })).to.equal(4);
      expect(await count({ before: at })).to.equal(3);
    });

    it('refuses a span that ends before it begins', async () => {
      const list = bench.audit.list(FIRST, { after: bench.now, before: new Date(0) });
      expect(await codeOf(list)).to.equal('BAD_USER_INPUT');
    });

    it('pages without a gap, newest first', async () => {
      const pages = await Promise.all([1, 2, 3].map((page) => bench.audit.list({ page, limit: 2 }, null)));
      const actions = pages.flatMap(({ items }) => items.map(({ target }) => target));
      expect(actions).to.deep.equal(['b1', 'b0', 'b2', 'b1', 'b0', null]);
      expect(pages[0]?.total).to.equal(6);
    });
  });

  describe('trim()', () => {
    const MIN_KEPT = 30;
    const trim = () => bench.audit.trim(400, { minKept: MIN_KEPT });

    /** Fills the log beyond what always stays: `old` entries, then enough new ones `days` later. */
    async function fill(old: number, days: number): Promise<void> {
      await bench.record(old - 1);
      bench.now = new Date(bench.now.getTime() + days * DAY_MS);
      await bench.record(MIN_KEPT);
    }

    it('removes what is too old, and the rest is still whole', async () => {
      await fill(20, 500);
      expect(await trim()).to.equal(20);
      expect(await bench.verify()).to.include({ ok: true, firstSequence: 21 });
      expect(await trim()).to.equal(0);
      const { items } = await bench.audit.list(FIRST, { action: 'audit.trim' });
      expect(items).to.have.length(1);
    });

    it('lets a removal beyond the recorded one be found', async () => {
      await fill(20, 500);
      await trim();
      await bench.tamper('DELETE FROM audit_entries WHERE sequence < 25');
      expect(await bench.verify()).to.deep.include({
        ok: false,
        reason: 'Entries 1 to 24 are missing, and no removal of them is recorded',
      });
    });

    it('removes nothing that is not old', async () => {
      await fill(20, 399);
      expect(await trim()).to.equal(0);
    });

    it('keeps the newest entries when the clock is set far ahead', async () => {
      await fill(20, 0);
      bench.now = new Date(bench.now.getTime() + 10_000 * DAY_MS);
      expect(await trim()).to.equal(20);
      expect((await bench.verify()).checkedEntries).to.equal(MIN_KEPT + 1);
    });

    it('is whole also after a removal that was cut short', async () => {
      await fill(20, 500);
      const { removeThrough } = bench.metadata.audit;
      bench.metadata.audit.removeThrough = async () => 0;
      await trim();
      expect(await bench.verify()).to.include({ ok: true, firstSequence: 1 });
      bench.metadata.audit.removeThrough = removeThrough;
      expect(await trim()).to.equal(20);
      expect(await bench.verify()).to.include({ ok: true, firstSequence: 21 });
    });
  });
});
