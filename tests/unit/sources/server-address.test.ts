import { expect } from 'chai';
import { SourceError } from '../../../src/shared/errors.js';
import { describeServer, parseServerAddress } from '../../../src/sources/server-address.js';

describe('server address', () => {
  it('takes a URL apart, with its escapes decoded', () => {
    const address = parseServerAddress(
      'postgresql',
      'postgresql://p%40s:a%2Fb%3A@[::1]:6432/Kasse%201?schema=public&sslmode=verify-full&sslrootcert=/ca.pem',
    );
    expect(address).to.deep.equal({
      kind: 'postgresql',
      host: '::1',
      port: 6432,
      database: 'Kasse 1',
      user: 'p@s',
      password: 'a/b:',
      encryption: { mode: 'verify-full', rootCertificate: '/ca.pem', certificate: null, key: null },
    });
  });

  it('knows the default ports and no user', () => {
    expect(parseServerAddress('mysql', 'mysql://db/pos')).to.include({
      port: 3306,
      user: null,
      password: null,
    });
    expect(parseServerAddress('postgresql', 'postgres://db/pos')).to.include({ port: 5432 });
  });

  it('takes a Unix socket from the parameters', () => {
    const { host } = parseServerAddress('mysql', 'mysql://root@localhost/pos?socket=/run/mysqld/mysqld.sock');
    expect(host).to.equal('/run/mysqld/mysqld.sock');
  });

  it('describes the server without user or password', () => {
    const address = parseServerAddress('mysql', 'mysql://me:secret@db.local/pos');
    expect(describeServer(address)).to.equal('mysql db.local/pos');
  });

  it('refuses a mode of encryption that does not exist, and a broken escape', () => {
    for (const url of ['mysql://db/pos?sslmode=maybe', 'mysql://db/100%25%']) {
      expect(() => parseServerAddress('mysql', url), url).to.throw(SourceError);
    }
  });
});
