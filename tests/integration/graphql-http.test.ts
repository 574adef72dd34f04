import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { getIntrospectionQuery } from 'graphql';
import * as generated from '../../graphql/generated/graphql.js';
import { AppError, type ErrorCode, HTTP_STATUS, toContractCode } from '../../src/shared/errors.js';
import { MemoryServices } from '../support/memory-services.js';
import { codesOf, TestApi } from '../support/test-api.js';
import { makeToken } from '../support/tokens.js';

const AUTHORIZED = { authorization: `Bearer ${makeToken()}` };
const QUERY = '{ backups { pagination { page } } }';

describe('GraphQL over HTTP', () => {
  let services: MemoryServices;
  let test: TestApi;

  before(async () => {
    services = new MemoryServices();
    test = await TestApi.start({ services });
  });
  after(() => test[Symbol.asyncDispose]());
  beforeEach(() => {
    services.backupRecords.clear();
    services.restoreRecords.clear();
  });

  describe('answers', () => {
    it('hold byte counts beyond 32 bits as numbers and instants in UTC', async () => {
      const { id } = services.addBackup();
      const { data } = await test.query('query ($id: ID!) { backup(id: $id) { sizeBytes createdAt } }', {
        id,
      });
      expect(data).to.deep.equal({
        backup: { sizeBytes: 5_000_000_000, createdAt: '2026-01-31T09:30:00.000Z' },
      });
    });

    it('hold the fields that nothing fills yet', async () => {
      const { id } = services.addBackup();
      const query = 'query ($id: ID!) { backup(id: $id) { pinned verification { id } } }';
      const { data } = await test.query(query, { id });
      expect(data).to.deep.equal({ backup: { pinned: false, verification: null } });
    });

    it('hold a link to download what is complete, and none to what is not', async () => {
      const { id } = services.addBackup();
      const running = services.addBackup({ status: 'RUNNING' });
      const query = 'query ($id: ID!) { backup(id: $id) { downloadUrl(format: ZIP) } }';
      const answers = [await test.query(query, { id }), await test.query(query, { id: running.id })];
      expect(answers.map(({ data }) => data)).to.deep.equal([
        { backup: { downloadUrl: `${id}?ZIP` } },
        { backup: { downloadUrl: null } },
      ]);
    });

    it('hold no backup for a restore whose backup is deleted', async () => {
      const { id, backupName } = services.addRestore();
      const query = 'query ($id: ID!) { restore(id: $id) { backupName backup { id } } }';
      const { data } = await test.query(query, { id });
      expect(data).to.deep.equal({ restore: { backupName, backup: null } });
    });

    it('say which page they are', async () => {
      for (let count = 0; count < 3; count++) services.addBackup();
      const query =
        '{ backups(page: 2, limit: 2) { items { id } pagination { total totalPages hasNext hasPrev } } }';
      const { data } = await test.query(query);
      const page = data?.backups as { items: unknown[]; pagination: object } | undefined;
      expect([page?.items.length, page?.pagination]).to.deep.equal([
        1,
        { total: 3, totalPages: 2, hasNext: false, hasPrev: true },
      ]);
    });

    it('may not be kept by a cache, sniffed or framed, and say nothing of the software', async () => {
      const { headers } = await test.query(QUERY);
      expect(headers.get('cache-control')).to.equal('no-store');
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
      expect(headers.get('x-frame-options')).to.equal('DENY');
      expect(headers.get('x-powered-by')).to.equal(null);
      expect(headers.get('access-control-allow-origin')).to.equal(null);
    });

    it('to strangers name the scheme', async () => {
      const { headers } = await test.query(QUERY, {}, null);
      expect(headers.get('www-authenticate')).to.equal('Bearer');
    });
  });

  describe('every document of graphql/operations', () => {
    for (const [name, document] of Object.entries(generated)) {
      if (!name.endsWith('Document')) continue;
      it(`passes validation and the limits: ${name}`, async () => {
        const answer = await test.query(String(document), {
          id: 'none',
          ids: ['none'],
          dryRun: true,
          pinned: true,
          limit: 100,
          input: { backupId: 'none' },
        });
        const refused =
          answer.errors?.filter(({ message }) => !/backupId|^Subscriptions/.test(message)) ?? [];
        expect(refused.map(({ extensions }) => extensions.code)).not.to.include('BAD_USER_INPUT');
      });
    }
  });

  describe('errors of the services', () => {
    const codes: ErrorCode[] = [
      'CONFLICT',
      'INSUFFICIENT_STORAGE',
      'SERVICE_UNAVAILABLE',
      'WRONG_KEY',
      'DATA_CORRUPTED',
    ];
    for (const code of codes) {
      it(`of code ${code} are answered with the contract's code and HTTP status`, async () => {
        const original = services.backups.delete;
        services.backups.delete = () =>
          Promise.reject(new AppError(code, 'It is so', { details: { pack: 'ab' } }));
        const answer = await test.query('mutation { deleteBackup(id: "1") { deletedId } }');
        services.backups.delete = original;
        const contractCode = toContractCode(code);
        const reason = contractCode === code ? {} : { reason: code };
        expect(answer.errors?.[0]).to.deep.include({
          message: 'It is so',
          extensions: { code: contractCode, details: { pack: 'ab', ...reason } },
        });
        expect(answer.status).to.equal(HTTP_STATUS[contractCode]);
      });
    }

    it('that nobody foresaw are hidden behind an incident that is in the log', async () => {
      const original = services.backups.get;
      services.backups.get = () => Promise.reject(new TypeError('secret: hunter2'));
      const answer = await test.query('{ backup(id: "1") { id } }');
      services.backups.get = original;
      const incident = String(answer.errors?.[0]?.extensions.details.incident);
      expect([answer.status, answer.errors?.[0]?.message]).to.deep.equal([500, 'Internal server error']);
      expect(JSON.stringify(answer)).not.to.match(/hunter2|stack|\.js/);
      expect(test.logged.find((line) => line.includes(incident))).to.contain('hunter2');
    });
  });

  describe('requests that are wrong', () => {
    const wrong: readonly {
      name: string;
      body: string | Buffer;
      headers?: Record<string, string>;
      status?: number;
    }[] = [
      { name: 'an empty body', body: '' },
      { name: 'an empty object', body: '{}' },
      { name: 'JSON that is cut off', body: '{"query": "{ ba' },
      { name: 'a text', body: '"{ backups }"' },
      { name: 'an array of operations', body: JSON.stringify([{ query: QUERY }, { query: QUERY }]) },
      { name: 'an empty array', body: '[]' },
      { name: 'a query that is no text', body: '{"query": {"kind": "Document"}}' },
      { name: 'variables that are no object', body: `{"query": "${QUERY}", "variables": "{}"}` },
      { name: 'an operationName that is no text', body: `{"query": "${QUERY}", "operationName": 7}` },
      { name: 'a document that is cut off', body: '{"query": "{ backups {"}' },
      { name: 'an unknown field', body: '{"query": "{ backups { nothing } }"}' },
      { name: 'an unknown operationName', body: `{"query": "query A ${QUERY}", "operationName": "B"}` },
      { name: 'a huge body', body: JSON.stringify({ query: QUERY, x: 'x'.repeat(110_000) }), status: 413 },
      {
        name: 'a huge body, compressed',
        body: gzipSync(JSON.stringify({ query: QUERY, x: 'x'.repeat(10_000_000) })),
        headers: { 'content-encoding': 'gzip' },
        status: 413,
      },
      { name: 'another encoding', body: '{}', headers: { 'content-encoding': 'x-none' }, status: 415 },
      {
        name: 'another content type',
        body: QUERY,
        headers: { 'content-type': 'application/graphql' },
        status: 415,
      },
      { name: 'a form', body: 'query=1', headers: { 'content-type': 'text/plain' }, status: 415 },
      {
        name: 'an upload',
        body: '--x--',
        headers: { 'content-type': 'multipart/form-data; boundary=x', 'apollo-require-preflight': '1' },
        status: 415,
      },
      {
        name: 'a persisted query',
        body: '{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "ab"}}}',
      },
    ];
    for (const { name, body, headers, status = 400 } of wrong) {
      it(`are refused for ${name} with ${status}, in the shape of a GraphQL answer`, async () => {
        const answer = await test.post(body, { ...AUTHORIZED, ...headers });
        expect([answer.status, codesOf(answer)]).to.deep.equal([status, ['BAD_USER_INPUT']]);
      });
    }

    const arguments_: readonly { name: string; query: string; variables?: Record<string, unknown> }[] = [
      { name: 'page 0', query: '{ backups(page: 0) { pagination { page } } }' },
      { name: 'a page that is no number', query: '{ backups(page: "1") { pagination { page } } }' },
      {
        name: 'a limit of null',
        query: 'query ($l: Int = 1) { backups(limit: $l) { pagination { page } } }',
        variables: { l: null },
      },
      { name: 'an unknown status', query: '{ backups(filter: { status: [GONE] }) { pagination { page } } }' },
      {
        name: 'a day that does not exist',
        query: '{ backups(filter: { createdAfter: "2026-02-30T00:00:00Z" }) { pagination { page } } }',
      },
      {
        name: 'an instant that is a variable and no instant',
        query: 'query ($d: DateTime) { backups(filter: { createdAfter: $d }) { pagination { page } } }',
        variables: { d: 'today' },
      },
      {
        name: 'an unknown field of the input',
        query: 'mutation { createBackup(input: { force: true }) { backup { id } } }',
      },
      {
        name: 'a number beyond 32 bits',
        query: 'mutation { createBackup(input: { retentionDays: 3000000000 }) { backup { id } } }',
      },
    ];
    for (const { name, query, variables } of arguments_) {
      it(`are refused for ${name}`, async () => {
        const answer = await test.query(query, variables);
        expect([answer.status, codesOf(answer)]).to.deep.equal([400, ['BAD_USER_INPUT']]);
        expect(services.backupRecords.size).to.equal(0);
      });
    }

    it('are refused for a subscription', async () => {
      const answer = await test.query('subscription { operationChanged { __typename } }');
      expect([answer.status, codesOf(answer)]).to.deep.equal([400, ['BAD_USER_INPUT']]);
    });

    it('are refused for a method other than POST', async () => {
      for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
        const response = await fetch(`${test.address.url}?query={__typename}`, { method });
        expect([method, response.status, response.headers.get('allow')]).to.deep.equal([method, 405, 'POST']);
      }
    });

    it('are refused for another path', async () => {
      const response = await fetch(test.address.url.replace('/graphql', '/admin'));
      expect(response.status).to.equal(404);
    });

    it('that are not HTTP do not harm the server', async () => {
      const socket = connect(test.address.port, '127.0.0.1');
      socket.end('GRAPHQL { backups }\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
      expect((await test.query(QUERY)).status).to.equal(200);
    });
  });

  describe('operations that ask for too much', () => {
    const spread = (depth: number) =>
      Array.from({ length: depth }, (_, n) => `fragment F${n} on Backup { ...F${n + 1} ...F${n + 1} }`).join(
        ' ',
      );
    const bombs: Readonly<Record<string, string>> = {
      'aliases of one field': `{ ${Array.from({ length: 100 }, (_, n) => `b${n}: backup(id: "${n}") { id }`).join(' ')} }`,
      'aliases within': `{ backups { items { ${Array.from({ length: 100 }, (_, n) => `a${n}: id`).join(' ')} } } }`,
      'fields at the top, without aliases': `{ ${'backup(id: "1") { id } '.repeat(11)} }`,
      depth: `{ __type(name: "Query") { ${'ofType { '.repeat(25)} name ${'} '.repeat(25)} } }`,
      'lists of lists about the schema': `{ __schema { types { ${'fields { type { '.repeat(6)} name ${'} } '.repeat(6)} } } }`,
      directives: `{ backups { pagination { page ${'@include(if: true) '.repeat(25)} } } }`,
      'fragments within fragments': `{ backups { items { ...F0 } } } ${spread(60)} fragment F60 on Backup { id name }`,
      cost: `{ ${['a', 'b', 'c'].map((alias) => `${alias}: restores(limit: 100) { items { ${'backup { components { source checksum } } '.repeat(30)} } }`).join(' ')} }`,
      tokens: `{ ${'__typename '.repeat(2_500)} }`,
      'a fragment that contains itself': '{ backups { items { ...F } } } fragment F on Backup { id ...F }',
    };
    for (const [name, query] of Object.entries(bombs)) {
      it(`are refused: ${name}`, async () => {
        const started = performance.now();
        const answer = await test.query(query);
        expect([answer.status, codesOf(answer)[0]]).to.deep.equal([400, 'BAD_USER_INPUT']);
        expect(performance.now() - started, 'milliseconds').to.be.below(5_000);
      });
    }

    it('do not include what tools ask about the schema', async () => {
      const answer = await test.query(getIntrospectionQuery());
      expect(codesOf(answer)).to.deep.equal([]);
    });
  });

  describe('the log', () => {
    it('has a line for the request, with its id and without its token', async () => {
      const token = makeToken({ claims: { sub: 'logged' } });
      const { headers } = await test.query(QUERY, {}, token);
      const id = headers.get('x-request-id') ?? '';
      const line = test.logged.find((entry) => entry.includes(id)) ?? '{}';
      expect(JSON.parse(line)).to.deep.include({ method: 'POST', path: '/graphql', status: 200 });
      expect(test.logged.join('')).not.to.contain(token);
    });
  });
});

describe('the life of the server', () => {
  it('answers /healthz with nothing but whether it is up, to anybody', async () => {
    await using test = await TestApi.start();
    const response = await fetch(test.address.url.replace('/graphql', '/healthz'));
    expect([response.status, await response.json()]).to.deep.equal([200, { status: 'up' }]);
  });

  it('refuses new work while it drains', async () => {
    await using test = await TestApi.start();
    test.server.drain();
    const health = await fetch(test.address.url.replace('/graphql', '/healthz'));
    const answer = await test.query(QUERY);
    expect([health.status, answer.status, codesOf(answer)]).to.deep.equal([
      503,
      503,
      ['SERVICE_UNAVAILABLE'],
    ]);
  });

  it('finishes the request in hand before it closes', async () => {
    const services = new MemoryServices();
    const test = await TestApi.start({ services });
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    services.backups.get = async (id) => {
      started.resolve();
      await finish.promise;
      return services.addBackup({ id });
    };
    const answer = test.query('{ backup(id: "1") { id } }');
    await started.promise;
    const closed = test.server.close();
    finish.resolve();
    expect((await answer).data).to.deep.equal({ backup: { id: '1' } });
    await closed;
  });

  it('says so when its port is taken, and closes all the same', async () => {
    await using first = await TestApi.start();
    const error = await TestApi.start({ port: first.address.port }).catch(
      (reason: NodeJS.ErrnoException) => reason,
    );
    expect(error).to.have.property('code', 'CONFLICT');
  });

  it('shows the page for trying things outside production only', async () => {
    const ask = (test: TestApi) => fetch(test.address.url, { headers: { accept: 'text/html' } });
    await using production = await TestApi.start();
    await using development = await TestApi.start({ production: false });
    expect([(await ask(production)).status, (await ask(development)).status]).to.deep.equal([405, 200]);
  });
});
