import { userInfo } from 'node:os';
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

  it('knows the default ports, and signs in as its own account without a user', () => {
    expect(parseServerAddress('mysql', 'mysql://db/pos')).to.include({
      port: 3306,
      user: userInfo().username,
      password: null,
    });
    expect(parseServerAddress('postgresql', 'postgres://db/pos')).to.include({ port: 5432 });
  });

  it('takes host and port from the parameters, and a socket as the name of the host', () => {
    expect(parseServerAddress('postgresql', 'postgresql:///pos?host=/run/pg&port=5433')).to.include({
      host: '/run/pg',
      port: 5433,
    });
    const { host } = parseServerAddress('postgresql', 'postgresql://%2Fvar%2Frun%2Fpostgresql/pos');
    expect(host).to.equal('/var/run/postgresql');
    expect(parseServerAddress('mysql', 'mysql:///pos')).to.include({ host: 'localhost', port: 3306 });
  });

  it('takes a Unix socket from the parameters', () => {
    const { host } = parseServerAddress('mysql', 'mysql://root@localhost/pos?socket=/run/mysqld/mysqld.sock');
    expect(host).to.equal('/run/mysqld/mysqld.sock');
  });

  it('describes the server without user or password', () => {
    const address = parseServerAddress('mysql', 'mysql://me:secret@db.local/pos');
    expect(describeServer(address)).to.equal('mysql db.local/pos');
  });

  it('refuses what no server can be reached by, and broken escapes', () => {
    const urls = [
      'mysql://db/pos?sslmode=maybe',
      'mysql://db/100%25%',
      'mysql://db/p%00s',
      'mysql://a:b%00c@db/pos',
      'mysql://db/pos?sslcert=%00',
      'mysql://a,b/pos',
      'mysql://db/pos?port=0',
      'mysql://db:x/pos',
      'mysql://db',
    ];
    for (const url of urls) {
      expect(() => parseServerAddress('mysql', url), url).to.throw(SourceError);
    }
  });
});
