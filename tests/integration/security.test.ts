import { createHmac, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { type GraphQLObjectType, getDirectiveValues } from 'graphql';
import { MemoryServices } from '../support/memory-services.js';
import { listRootFields } from '../support/root-fields.js';
import { askOnce, codesOf, TestApi } from '../support/test-api.js';
import {
  makeToken,
  makeUnsignedToken,
  nowSeconds,
  TEST_SECRET,
  type TokenChanges,
} from '../support/tokens.js';

const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const ISSUER = 'pos.example';
const AUDIENCE = 'tillvault';

/** A good token is this server's: from the issuer, for the audience. */
function make(changes: TokenChanges = {}): string {
  return makeToken({ ...changes, claims: { iss: ISSUER, aud: AUDIENCE, ...changes.claims } });
}

/** Every kind of bad token (null: none at all), and the code that it must be refused with. */
const BAD_TOKENS: readonly { name: string; token: string | null; code: string }[] = [
  { name: 'is missing', token: null, code: 'UNAUTHENTICATED' },
  { name: 'has expired', token: make({ claims: { exp: nowSeconds() - 60 } }), code: 'UNAUTHENTICATED' },
  { name: 'never expires', token: make({ claims: { exp: null } }), code: 'UNAUTHENTICATED' },
  { name: 'is not valid yet', token: make({ claims: { nbf: nowSeconds() + 600 } }), code: 'UNAUTHENTICATED' },
  { name: 'is unsigned (alg none)', token: makeUnsignedToken(), code: 'UNAUTHENTICATED' },
  { name: 'is cut off before its signature', token: make().replace(/[^.]*$/, ''), code: 'UNAUTHENTICATED' },
  { name: 'is signed with another secret', token: make({ key: `${TEST_SECRET}!` }), code: 'UNAUTHENTICATED' },
  {
    name: 'is signed with another kind of key (RS256)',
    token: make({ key: rsa.privateKey, algorithm: 'RS256' }),
    code: 'UNAUTHENTICATED',
  },
  { name: 'was changed after signing', token: changePayload(make()), code: 'UNAUTHENTICATED' },
  { name: 'is garbage', token: 'garbage', code: 'UNAUTHENTICATED' },
  { name: 'is garbage in three parts', token: 'a.b.c', code: 'UNAUTHENTICATED' },
  { name: 'has no subject', token: make({ claims: { sub: null } }), code: 'UNAUTHENTICATED' },
  { name: 'has an empty subject', token: make({ claims: { sub: ' ' } }), code: 'UNAUTHENTICATED' },
  { name: 'has no role', token: make({ claims: { role: null } }), code: 'UNAUTHENTICATED' },
  { name: 'has an unknown role', token: make({ claims: { role: 'ROOT' } }), code: 'UNAUTHENTICATED' },
  { name: 'has a list of roles', token: make({ claims: { role: ['ADMIN'] } }), code: 'UNAUTHENTICATED' },
  { name: 'is from another issuer', token: make({ claims: { iss: 'evil' } }), code: 'UNAUTHENTICATED' },
  { name: 'names no issuer', token: make({ claims: { iss: null } }), code: 'UNAUTHENTICATED' },
  { name: 'is for another audience', token: make({ claims: { aud: 'till' } }), code: 'UNAUTHENTICATED' },
  { name: 'is of a cashier', token: make({ claims: { role: 'CASHIER' } }), code: 'FORBIDDEN' },
  { name: 'is of a manager', token: make({ claims: { role: 'MANAGER' } }), code: 'FORBIDDEN' },
];

function changePayload(token: string): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'mallory' })).toString('base64url');
  return [header, changed, signature].join('.');
}

for (const production of [true, false]) {
  describe(`who may use the API ${production ? 'in production' : 'outside production'}`, () => {
    const services = new MemoryServices();
    let test: TestApi;

    before(async () => {
      test = await TestApi.start({ services, production, rules: { issuer: ISSUER, audience: AUDIENCE } });
    });
    after(() => test[Symbol.asyncDispose]());
    beforeEach(() => {
      services.audited.length = 0;
    });

    it('puts @auth on every operation of the schema', () => {
      const auth = test.api.schema.getDirective('auth');
      const open = listRootFields(test.api.schema).filter(({ coordinate }) => {
        const [typeName = '', fieldName = ''] = coordinate.split('.');
        const field = (test.api.schema.getType(typeName) as GraphQLObjectType).getFields()[fieldName];
        return !auth || !field?.astNode || getDirectiveValues(auth, field.astNode)?.requires !== 'ADMIN';
      });
      expect(open).to.deep.equal([]);
    });

    for (const { name, token, code } of BAD_TOKENS) {
      context(`when the token ${name}`, () => {
        it(`refuses every operation over HTTP as ${code}`, async () => {
          for (const { coordinate, kind, document } of listRootFields(test.api.schema)) {
            if (kind === 'subscription') continue;
            const answer = await test.query(document, {}, token);
            expect(codesOf(answer), coordinate).to.deep.equal([code]);
            expect(answer.status, coordinate).to.equal(code === 'FORBIDDEN' ? 403 : 401);
            expect(answer.data ?? null, coordinate).to.equal(null);
          }
        });

        it(`refuses every operation over WebSocket as ${code}, and audits each`, async () => {
          const client = test.connect(token === null ? {} : { authorization: `Bearer ${token}` });
          for (const { coordinate, document } of listRootFields(test.api.schema)) {
            const answer = await askOnce(client, document);
            expect(codesOf(answer), coordinate).to.deep.equal([code]);
            expect(answer.data ?? null, coordinate).to.equal(null);
          }
          expect(services.audited).to.have.length(listRootFields(test.api.schema).length);
          await client.dispose();
        });

        it('tells what is wrong without repeating the token', async () => {
          const answer = await test.query('{ backups { items { id } } }', {}, token);
          expect(answer.errors?.[0]?.message).to.match(/token|authorization/i);
          if (token !== null && token.length > 10) {
            expect(JSON.stringify(answer)).not.to.contain(token.split('.')[2] || token);
            expect(test.logged.join('')).not.to.contain(token);
          }
        });

        it('leaves one entry in the audit log for the whole request', async () => {
          await test.query('{ a: backups { items { id } } b: backups { items { id } } }', {}, token);
          expect(services.audited.map(({ action, outcome }) => ({ action, outcome }))).to.deep.equal([
            { action: 'auth.denied', outcome: code },
          ]);
        });
      });
    }

    context('when the token is an administrator’s', () => {
      it('lets every query and mutation through to the services, over HTTP and WebSocket', async () => {
        const client = test.connect({ authorization: `Bearer ${make()}` });
        for (const { coordinate, kind, document } of listRootFields(test.api.schema)) {
          if (kind === 'subscription') continue;
          for (const answer of [await test.query(document, {}, make()), await askOnce(client, document)]) {
            expect(codesOf(answer), coordinate).not.to.include.oneOf(['UNAUTHENTICATED', 'FORBIDDEN']);
          }
        }
        await client.dispose();
      });

      it('takes the scheme in any case', async () => {
        const answer = await test.post('{"query":"{ backups { pagination { page } } }"}', {
          authorization: `bEARER  ${make()}`,
        });
        expect(answer.status).to.equal(200);
      });

      it('refuses another scheme', async () => {
        const answer = await test.post('{"query":"{ __typename }"}', { authorization: `Basic ${make()}` });
        expect(production ? codesOf(answer) : answer.data).to.deep.equal(
          production ? ['UNAUTHENTICATED'] : { __typename: 'Query' },
        );
      });
    });

    context('when a stranger asks about the schema', () => {
      const documents = ['{ __schema { queryType { name } } }', '{ __type(name: "Backup") { name } }'];

      for (const document of documents) {
        it(`${production ? 'refuses' : 'answers'} ${document}`, async () => {
          const answer = await test.query(document, {}, null);
          expect(codesOf(answer)).to.deep.equal(production ? ['UNAUTHENTICATED'] : []);
        });
      }

      it('refuses a document that asks for something else besides', async () => {
        const answer = await test.query(
          '{ __schema { queryType { name } } backups { items { id } } }',
          {},
          null,
        );
        expect(codesOf(answer)).to.deep.equal(['UNAUTHENTICATED']);
        expect(answer.data).to.equal(undefined);
      });

      it('says nothing of the schema in the answer to a mistake', async () => {
        const answer = await test.query('{ backup { x } }', {}, null);
        expect(codesOf(answer)).to.deep.equal(['UNAUTHENTICATED']);
      });
    });

    context('when a cashier asks about the schema', () => {
      const cashier = make({ claims: { role: 'CASHIER' } });
      const hidden = 'query { ...F } fragment F on Query { __schema { queryType { name } } }';

      it(production ? 'refuses it, even behind a fragment' : 'answers it', async () => {
        const answer = await test.query(hidden, {}, cashier);
        expect(codesOf(answer)).to.deep.equal(production ? ['FORBIDDEN'] : []);
      });
    });
  });
}

describe('a server with a public key', () => {
  const ec = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const ASK = '{ backups { pagination { page } } }';

  it('accepts tokens signed with its private half and refuses its public half as a shared secret', async () => {
    await using test = await TestApi.start({ key: { kind: 'publicKey', pem: rsa.publicKey } });
    const good = await test.query(ASK, {}, makeToken({ key: rsa.privateKey, algorithm: 'RS256' }));
    const forged = await test.query(ASK, {}, forgeWithPublicKey(rsa.publicKey));
    expect([good.status, forged.status]).to.deep.equal([200, 401]);
  });

  it('accepts ES256 with an EC key', async () => {
    await using test = await TestApi.start({ key: { kind: 'publicKey', pem: ec.publicKey } });
    const answer = await test.query(ASK, {}, makeToken({ key: ec.privateKey, algorithm: 'ES256' }));
    expect(answer.status).to.equal(200);
  });
});

/** What a library that trusts the header's algorithm would take: HS256 over the text of the public key. */
function forgeWithPublicKey(pem: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const payload = { sub: 'mallory', role: 'ADMIN', exp: nowSeconds() + 600 };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`;
  return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
}
