import { chmod, mkdir, mkdtemp, readlink, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import {
  checkDatabase,
  checkSellingCopy,
  countSales,
  withDatabase,
} from '../../../../src/cli/demo/consistency.js';
import { damageTill } from '../../../../src/cli/demo/damage.js';
import {
  compareFingerprints,
  countFingerprint,
  type Fingerprint,
  takeFingerprint,
} from '../../../../src/cli/demo/fingerprint.js';
import { Seller } from '../../../../src/cli/demo/seller.js';
import { makeTill, placeTill, type Till } from '../../../../src/cli/demo/till.js';

const SIZE = { saleLines: 3000, receipts: 40, pictures: 8 };
const { signal } = new AbortController();

describe("the demo's till", function () {
  this.timeout(20_000);
  let folder: string;
  let till: Till;
  let fresh: Fingerprint;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-till-'));
    till = placeTill(join(folder, 'till'));
    await mkdir(till.root);
    await makeTill(till, SIZE, signal);
    fresh = await takeFingerprint(till, signal);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const differences = async () => compareFingerprints(fresh, await takeFingerprint(till, signal));

  function execute(sql: string): void {
    const database = new DatabaseSync(till.database);
    database.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
    database.close();
  }

  it('agrees with its own rules', () => {
    expect(withDatabase(till.database, checkDatabase)).to.be.empty;
  });

  it('is the same till every time', async () => {
    const other = placeTill(join(folder, 'other'));
    await mkdir(other.root);
    await makeTill(other, SIZE, signal);
    const print = await takeFingerprint(other, signal);
    expect(print.tables).to.deep.equal(fresh.tables);
    const contents = ({ entries }: Fingerprint) =>
      [...entries].map(([path, { content }]) => [path, content]).sort();
    expect(contents(print)).to.deep.equal(contents(fresh));
  });

  it('has the entries and rows that it says', () => {
    const { files, rows } = countFingerprint(fresh);
    expect(files).to.be.greaterThan(240);
    expect(rows).to.be.greaterThan(3000);
  });

  const CHANGES: [string, () => Promise<void> | void, RegExp][] = [
    [
      'a changed byte',
      () => writeFile(join(till.config, 'printer.ini'), 'x'),
      /printer.ini: has another content/,
    ],
    [
      'a mode',
      () => chmod(join(till.config, 'terminal.key'), 0o644),
      /terminal.key: had mode 0600, has 0644/,
    ],
    ['a time', () => utimes(join(till.config, 'pos.json'), 1, 1), /pos.json: has another time/],
    ['a missing file', () => rm(join(till.cache, 'price-list.bin')), /price-list.bin: is missing/],
    ['a new file', () => writeFile(join(till.files, 'new'), ''), /files\/new: was not there before/],
    [
      'a value',
      () => execute("UPDATE customers SET name = 'X' WHERE id = 1"),
      /table customers: other values/,
    ],
    [
      'a missing row',
      () => execute('DELETE FROM customers WHERE id = 1'),
      /table customers: 5000 rows before, 4999/,
    ],
    ['a dropped index', () => execute('DROP INDEX sale_lines_by_sale'), /tables are defined differently/],
  ];
  for (const [name, change, pattern] of CHANGES) {
    it(`shows ${name} in its fingerprint`, async () => {
      await change();
      expect((await differences()).join('\n')).to.match(pattern);
    });
  }

  it('shows a link that points elsewhere in its fingerprint', async () => {
    const link = join(till.config, 'printer-active.ini');
    expect(await readlink(link)).to.equal('printer.ini');
    await rm(link);
    await symlink('printer-spare.ini', link);
    expect((await differences()).join('\n')).to.match(/printer-active.ini: has another content/);
  });

  it('is damaged beyond use', async () => {
    await damageTill(till);
    await mkdir(join(till.root, 'database'));
    await mkdir(till.config);
    await mkdir(till.cache);
    new DatabaseSync(till.database).close();
    const found = await differences();
    expect(found.filter((line) => line.includes('is missing')).length).to.be.greaterThan(200);
    expect(found.filter((line) => line.includes('has another content')).length).to.equal(4);
    expect(found.join('\n')).to.include('table sales');
  });

  describe('rules', () => {
    const BROKEN: [string, string, RegExp][] = [
      ['a lost line', 'DELETE FROM sale_lines WHERE id = 5', /sales differ from the sum of their lines/],
      ['a lost sale', 'DELETE FROM sales WHERE id = 5', /rows name others that are not there/],
      ['a lost total', "UPDATE totals SET value = value - 1 WHERE name = 'sales'", /running totals differ/],
      [
        'a lost stock change',
        'UPDATE products SET stock = stock + 1 WHERE id = 3',
        /stock that their sales do not/,
      ],
    ];
    for (const [name, sql, pattern] of BROKEN) {
      it(`find ${name}`, () => {
        execute(sql);
        expect(withDatabase(till.database, checkDatabase).join('\n')).to.match(pattern);
      });
    }

    it('find a damaged page', async () => {
      withDatabase(till.database, checkDatabase);
      await truncate(till.database, 4096 * 20);
      let problems: string[];
      try {
        problems = withDatabase(till.database, checkDatabase);
      } catch (error) {
        problems = [String(error)];
      }
      expect(problems).not.to.be.empty;
    });
  });

  describe('selling', () => {
    it('goes on in another process and keeps to the rules', async () => {
      const before = countSales(till.database);
      const seller = await Seller.start(till.root);
      const sold = await seller.stop();
      expect(sold).to.be.greaterThan(0);
      expect(countSales(till.database)).to.equal(before + sold);
      expect(withDatabase(till.database, checkDatabase)).to.be.empty;
      await seller.kill();
    });

    it('tells a copy of one moment from another', async () => {
      const now = countSales(till.database);
      const copy = { database: till.database, files: till.files, liveDatabase: till.database };
      expect(checkSellingCopy({ ...copy, salesBefore: now, salesAfter: now + 5 }).problems).to.be.empty;
      const late = checkSellingCopy({ ...copy, salesBefore: now + 1, salesAfter: now + 5 });
      expect(late.problems.join()).to.include('expected');
      await rm(join(till.files, 'receipts'), { recursive: true });
      const bare = checkSellingCopy({ ...copy, salesBefore: now, salesAfter: now + 5 });
      expect(bare.problems.join()).to.include('receipts are named by a sale');
    });
  });
});
