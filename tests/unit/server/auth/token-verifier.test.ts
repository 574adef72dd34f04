import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import type { Algorithm } from 'jsonwebtoken';
import { createTokenVerifier } from '../../../../src/server/auth/token-verifier.js';
import type { Clock } from '../../../../src/shared/clock.js';
import { makeToken, TEST_SECRET } from '../../../support/tokens.js';

const NOW = new Date('2026-06-01T12:00:00.000Z');
const NOW_SECONDS = NOW.getTime() / 1_000;
const clock: Clock = { now: () => NOW, monotonicMs: () => 0 };
const SECRET = { kind: 'secret', secret: TEST_SECRET } as const;
const EXP = { exp: NOW_SECONDS + 60 };

function makeEcPair(namedCurve: string) {
  return generateKeyPairSync('ec', {
    namedCurve,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** `ok`, or the code of the refusal. */
async function judge(
  token: string,
  source: Parameters<typeof createTokenVerifier>[0] = SECRET,
): Promise<string> {
  const verifier = createTokenVerifier(source, { clock });
  return verifier.verify(token).then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );
}

describe('createTokenVerifier()', () => {
  it('answers who the token is for, and until when', async () => {
    const verifier = createTokenVerifier(SECRET, { clock });
    expect(await verifier.verify(makeToken({ claims: { ...EXP, role: 'CASHIER' } }))).to.deep.equal({
      subject: 'anna',
      role: 'CASHIER',
      expiresAt: new Date((NOW_SECONDS + 60) * 1_000),
    });
  });

  describe('time', () => {
    const cases = [
      { claims: { exp: NOW_SECONDS + 1 }, verdict: 'ok' },
      { claims: { exp: NOW_SECONDS }, verdict: 'UNAUTHENTICATED' },
      { claims: { exp: 9e15 }, verdict: 'UNAUTHENTICATED' },
      { claims: { ...EXP, nbf: NOW_SECONDS }, verdict: 'ok' },
      { claims: { ...EXP, nbf: NOW_SECONDS + 1 }, verdict: 'UNAUTHENTICATED' },
    ];
    for (const { claims, verdict } of cases) {
      it(`judges ${JSON.stringify(claims)} as ${verdict}, the clock being ${NOW_SECONDS}`, async () => {
        expect(await judge(makeToken({ claims }))).to.equal(verdict);
      });
    }
  });

  describe('algorithms', () => {
    const pairs = { rsa, 'P-256': makeEcPair('P-256'), 'P-384': makeEcPair('P-384') } as const;
    const allowed: Readonly<Record<string, readonly Algorithm[]>> = {
      rsa: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
      'P-256': ['ES256'],
      'P-384': ['ES384'],
    };
    for (const [type, pair] of Object.entries(pairs)) {
      for (const algorithm of allowed[type] ?? []) {
        it(`takes ${algorithm} with a key of type ${type} only`, async () => {
          const token = makeToken({ claims: EXP, key: pair.privateKey, algorithm });
          const verdicts = Object.values(pairs).map(({ publicKey }) =>
            judge(token, { kind: 'publicKey', pem: publicKey }),
          );
          const expected = Object.values(pairs).map((other) => (other === pair ? 'ok' : 'UNAUTHENTICATED'));
          expect(await Promise.all(verdicts)).to.deep.equal(expected);
          expect(await judge(token)).to.equal('UNAUTHENTICATED');
        });
      }
    }

    for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
      it(`takes ${algorithm} with a secret only`, async () => {
        const token = makeToken({ claims: EXP, algorithm });
        expect(await judge(token)).to.equal('ok');
        expect(await judge(token, { kind: 'publicKey', pem: pairs.rsa.publicKey })).to.equal(
          'UNAUTHENTICATED',
        );
      });
    }
  });

  for (const pem of [
    '',
    'no key',
    TEST_SECRET,
    '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
  ]) {
    it(`refuses to start with ${JSON.stringify(pem.slice(0, 20))} as a public key`, () => {
      expect(() => createTokenVerifier({ kind: 'publicKey', pem }, { clock }))
        .to.throw()
        .with.property('code', 'BAD_USER_INPUT');
    });
  }

  it('refuses a public key of a kind that tokens are not signed with here', () => {
    const { publicKey } = generateKeyPairSync('x25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    expect(() => createTokenVerifier({ kind: 'publicKey', pem: publicKey }, { clock })).to.throw('RSA or EC');
  });

  for (const token of ['', '.', '..', 'a.b', '{}', 'null', 'e30.e30.e30', `${'x'.repeat(9_000)}`]) {
    it(`refuses ${JSON.stringify(token.slice(0, 12))}, which is no token`, async () => {
      expect(await judge(token)).to.equal('UNAUTHENTICATED');
    });
  }
});
