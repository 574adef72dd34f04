import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createTokenVerifier, type TokenVerifier } from '../../src/server/auth/token-verifier.js';
import { systemClock } from '../../src/shared/clock.js';
import { makeToken } from '../support/tokens.js';

function makeRsa() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

describe('a token verifier with a JWKS URL', () => {
  const first = makeRsa();
  const second = makeRsa();
  const stranger = makeRsa();
  const published = [first, second].map(({ publicKey }, index) => ({
    ...createPublicKey(publicKey).export({ format: 'jwk' }),
    kid: `key-${index + 1}`,
    use: 'sig',
    alg: 'RS256',
  }));
  let http: Server;
  let fetches: number;
  let verifier: TokenVerifier;

  beforeEach(async () => {
    fetches = 0;
    http = createServer((_request, response) => {
      fetches++;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: published }));
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/jwks.json`;
    verifier = createTokenVerifier({ kind: 'jwks', url }, { clock: systemClock });
  });
  afterEach(async () => {
    const closed = once(http, 'close');
    http.close();
    http.closeAllConnections();
    await closed;
  });

  const refusal = (token: string) => verifier.verify(token).catch((error: { code: string }) => error.code);

  it('finds the key that the token names and fetches the set once', async () => {
    for (const [keyId, { privateKey }] of [
      ['key-1', first],
      ['key-2', second],
      ['key-1', first],
    ] as const) {
      await verifier.verify(makeToken({ key: privateKey, algorithm: 'RS256', keyId }));
    }
    expect(fetches).to.be.at.most(2);
  });

  it('refuses a token signed with another key under a known name', async () => {
    const token = makeToken({ key: stranger.privateKey, algorithm: 'RS256', keyId: 'key-1' });
    expect(await refusal(token)).to.equal('UNAUTHENTICATED');
  });

  it('refuses an algorithm other than the one that the key is for', async () => {
    const token = makeToken({ key: first.privateKey, algorithm: 'RS512', keyId: 'key-1' });
    expect(await refusal(token)).to.equal('UNAUTHENTICATED');
  });

  it('refuses a name that is not in the set', async () => {
    const token = makeToken({ key: first.privateKey, algorithm: 'RS256', keyId: 'key-9' });
    expect(await refusal(token)).to.equal('UNAUTHENTICATED');
  });

  it('does not ask again and again for names that are made up, and still knows the others', async () => {
    await verifier.verify(makeToken({ key: first.privateKey, algorithm: 'RS256', keyId: 'key-1' }));
    for (let count = 0; count < 30; count++) {
      await refusal(makeToken({ key: stranger.privateKey, algorithm: 'RS256', keyId: `made-up-${count}` }));
    }
    expect(fetches).to.be.at.most(11);
    const good = await verifier.verify(
      makeToken({ key: first.privateKey, algorithm: 'RS256', keyId: 'key-1' }),
    );
    expect(good.subject).to.equal('anna');
  });

  it('says that the server is at fault when the set cannot be fetched', async () => {
    const unreachable = createTokenVerifier(
      { kind: 'jwks', url: 'http://127.0.0.1:1/jwks.json' },
      { clock: systemClock },
    );
    const token = makeToken({ key: first.privateKey, algorithm: 'RS256', keyId: 'key-1' });
    const code = await unreachable.verify(token).catch((error: { code: string }) => error.code);
    expect(code).to.equal('SERVICE_UNAVAILABLE');
  });
});
