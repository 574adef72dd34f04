import { expect } from 'chai';
import { formatOptions } from '../../../src/sources/mysql-programs.js';
import { PlaceNames } from '../../../src/sources/place-names.js';
import { formatSetting } from '../../../src/sources/postgres-carry.js';
import { parseServerAddress } from '../../../src/sources/server-address.js';

describe('names of the databases of a restore', () => {
  it('carry the id of the restore', () => {
    const names = new PlaceNames('pos', '3F2a-77', 63);
    expect(names.fresh).to.equal('pos_tillvault_3f2a77');
    expect(names.old).to.equal('pos_tillvault_old_3f2a77');
  });

  it('stay within the limit without cutting the id or a character', () => {
    const names = new PlaceNames('ü'.repeat(31), 'abcdef0123456789ff', 63);
    for (const name of [names.fresh, names.old]) {
      expect(Buffer.byteLength(name)).to.be.at.most(63);
      expect(name).to.match(/^ü+_tillvault_(old_)?abcdef0123456789$/);
    }
  });
});

describe('settings of a PostgreSQL database', () => {
  const CASES = [
    ['TimeZone=Europe/Berlin', `"TimeZone" TO 'Europe/Berlin'`],
    ['search_path="$user", public, "a""b"', `"search_path" TO '$user', 'public', 'a"b'`],
    ['app.greeting=it\'s "a=b", c', `"app"."greeting" TO 'it''s "a=b", c'`],
    ['search_path=', `"search_path" TO ''`],
  ] as const;
  for (const [stored, statement] of CASES) {
    it(`writes ${stored}`, () => {
      expect(formatSetting(stored)).to.equal(statement);
    });
  }
});

describe('options of a MySQL program', () => {
  it('quotes what would end a value', () => {
    const address = parseServerAddress('mysql', `mysql://me:${encodeURIComponent('a"b\\c#d\ne')}@db/pos`);
    expect(formatOptions(address, 'MariaDB').split('\n')).to.deep.equal([
      '[client]',
      'host="db"',
      'port=3306',
      'protocol=tcp',
      'user="me"',
      String.raw`password="a\"b\\c#d\ne"`,
      '',
    ]);
  });

  it('demands encryption in the words of each make', () => {
    const address = parseServerAddress('mysql', 'mysql://db/pos?sslmode=verify-full');
    expect(formatOptions(address, 'MariaDB')).to.include('ssl-verify-server-cert');
    expect(formatOptions(address, 'MySQL')).to.include('ssl-mode=VERIFY_IDENTITY');
  });
});
