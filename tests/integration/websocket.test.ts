import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ConflictError } from '../../src/shared/errors.js';
import { MemoryServices, makeProgress } from '../support/memory-services.js';
import { type Answer, askOnce, codesOf, TestApi } from '../support/test-api.js';
import { makeToken, nowSeconds } from '../support/tokens.js';

const PROGRESS =
  'subscription ($id: ID!) { backupProgress(id: $id) { sequence phase percent bytesPerSecond } }';
const CHANGES =
  'subscription { operationChanged { __typename ... on Backup { id } ... on Restore { backupId } } }';

/** Resolves when `condition` holds; mocha's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

/** A connection spoken to message by message. */
class RawClient {
  readonly messages: { type: string; id?: string; payload?: unknown }[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (message) => this.messages.push(JSON.parse(String(message))));
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  static async open(
    test: TestApi,
    protocol = 'graphql-transport-ws',
    headers: Record<string, string> = {},
  ): Promise<RawClient> {
    const socket = new WebSocket(test.address.webSocketUrl, protocol, { headers });
    const client = new RawClient(socket);
    await once(socket, 'open');
    return client;
  }

  static async openReady(test: TestApi, token = makeToken()): Promise<RawClient> {
    const client = await RawClient.open(test);
    client.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    await until(() => client.messages.length > 0);
    return client;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables: Record<string, unknown> = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** Messages about the operation `id`. */
  about(id: string) {
    return this.messages.filter((message) => message.id === id);
  }
}

/** The errors in an `error` message. */
function errorsIn(message: { payload?: unknown } | undefined): NonNullable<Answer['errors']> {
  return (message?.payload ?? []) as NonNullable<Answer['errors']>;
}

async function collect(
  client: Client,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for await (const answer of client.iterate({ query, variables })) answers.push(answer as Answer);
  return answers;
}

describe('GraphQL over WebSocket', () => {
  let services: MemoryServices;
  let test: TestApi;

  beforeEach(async () => {
    services = new MemoryServices();
    test = await TestApi.start({
      services,
      webSocket: {
        strangerTimeoutMs: 300,
        initTimeoutMs: 1_000,
        maxOperations: 3,
        maxAllOperations: 7,
        maxConnections: 4,
      },
    });
  });
  afterEach(() => test[Symbol.asyncDispose]());

  describe('subscriptions', () => {
    it('send events as they happen and complete with their source', async () => {
      const { id } = services.addBackup({ status: 'RUNNING' });
      const client = test.connect();
      const answers = collect(client, PROGRESS, { id });
      await until(() => services.events.size === 1);
      services.events.send(makeProgress(id, 1, 'SCANNING'));
      services.events.send(makeProgress(id, 2, 'DONE'));
      services.events.send(null);
      expect((await answers).map(({ data }) => data?.backupProgress)).to.deep.equal([
        { sequence: 1, phase: 'SCANNING', percent: 50, bytesPerSecond: 0 },
        { sequence: 2, phase: 'DONE', percent: 100, bytesPerSecond: 0 },
      ]);
      await client.dispose();
    });

    it('tell backups from restores', async () => {
      const client = test.connect();
      const answers = collect(client, CHANGES);
      await until(() => services.changes.size === 1);
      const backup = services.addBackup();
      const restore = services.addRestore();
      services.changes.send({ kind: 'backup', backup });
      services.changes.send({ kind: 'restore', restore });
      services.changes.send(null);
      expect((await answers).map(({ data }) => data?.operationChanged)).to.deep.equal([
        { __typename: 'Backup', id: backup.id },
        { __typename: 'Restore', backupId: restore.backupId },
      ]);
      await client.dispose();
    });

    it('let go of their source when the client has had enough', async () => {
      const raw = await RawClient.openReady(test);
      raw.subscribe('1', CHANGES);
      await until(() => services.changes.size === 1);
      raw.send({ id: '1', type: 'complete' });
      await until(() => services.changes.size === 0);
      raw.socket.close();
    });

    it('let go of their source when the client is cut off', async () => {
      const raw = await RawClient.openReady(test);
      raw.subscribe('1', CHANGES);
      await until(() => services.changes.size === 1);
      raw.socket.terminate();
      await until(() => services.changes.size === 0);
    });

    it('answer an unknown id as NOT_FOUND', async () => {
      const client = test.connect();
      expect(codesOf(await askOnce(client, PROGRESS, { id: 'none' }))).to.deep.equal(['NOT_FOUND']);
      await client.dispose();
    });

    it('pass on the error that ends their source', async () => {
      const { id } = services.addBackup();
      services.progress.backupProgress = async () =>
        (async function* () {
          yield makeProgress(id, 1, 'SCANNING');
          throw new ConflictError('Something is in the way');
        })();
      const raw = await RawClient.openReady(test);
      raw.subscribe('1', PROGRESS, { id });
      await until(() => raw.about('1').some(({ type }) => type === 'error'));
      const [error] = errorsIn(raw.about('1').at(1));
      expect(error).to.deep.include({
        message: 'Something is in the way',
        extensions: { code: 'CONFLICT', details: {} },
      });
      raw.socket.close();
    });

    it('hide what an unexpected error says', async () => {
      const { id } = services.addBackup();
      services.progress.backupProgress = () => Promise.reject(new Error('secret: hunter2'));
      const client = test.connect();
      const answer = await askOnce(client, PROGRESS, { id });
      expect(codesOf(answer)).to.deep.equal(['INTERNAL_SERVER_ERROR']);
      expect(JSON.stringify(answer)).not.to.contain('hunter2');
      await client.dispose();
    });
  });

  describe('queries and mutations', () => {
    it('are answered as over HTTP', async () => {
      const { id } = services.addBackup();
      const client = test.connect();
      const answer = await askOnce(client, '{ backup(id: "x") { id } }');
      const good = await askOnce(client, 'query ($id: ID!) { backup(id: $id) { id } }', { id });
      expect([codesOf(answer), good.data]).to.deep.equal([['NOT_FOUND'], { backup: { id } }]);
      await client.dispose();
    });

    const wrong = {
      'a syntax error': ['{ backups', {}],
      'an unknown field': ['{ nothing }', {}],
      'a variable of the wrong type': ['query ($id: ID!) { backup(id: $id) { id } }', { id: {} }],
      'a missing variable': ['query ($id: ID!) { backup(id: $id) { id } }', {}],
      'several operations and no name': ['query A { __typename } query B { __typename }', {}],
      'too many aliases': [`{ ${Array.from({ length: 16 }, (_, n) => `a${n}: __typename`).join(' ')} }`, {}],
      'too many tokens': [`{ ${'__typename '.repeat(2_100)} }`, {}],
    } as const;
    for (const [name, [query, variables]] of Object.entries(wrong)) {
      it(`are refused for ${name} as BAD_USER_INPUT`, async () => {
        const client = test.connect();
        const answer = await askOnce(client, query, variables);
        expect(new Set(codesOf(answer))).to.deep.equal(new Set(['BAD_USER_INPUT']));
        await client.dispose();
      });
    }
  });

  describe('connections', () => {
    it('are closed when the token runs out, in the middle of a subscription', async () => {
      const raw = await RawClient.openReady(test, makeToken({ claims: { exp: nowSeconds() + 2 } }));
      raw.subscribe('1', CHANGES);
      const { code, reason } = await raw.closed;
      expect({ code, reason }).to.deep.equal({ code: 4403, reason: 'The token expired; sign in again' });
      await until(() => services.changes.size === 0);
    });

    it('are closed soon when there is no valid token', async () => {
      const raw = await RawClient.openReady(test, 'garbage');
      expect((await raw.closed).code).to.equal(4401);
    });

    it('survive a token that lasts for years', async () => {
      const raw = await RawClient.openReady(test, makeToken({ claims: { exp: nowSeconds() + 40 * 86_400 } }));
      await delay(50);
      expect(raw.socket.readyState).to.equal(WebSocket.OPEN);
      raw.socket.close();
    });

    it('take the token from the header of the upgrade when connection_init brings none', async () => {
      const raw = await RawClient.open(test, 'graphql-transport-ws', {
        authorization: `Bearer ${makeToken()}`,
      });
      raw.send({ type: 'connection_init' });
      await until(() => raw.messages.length > 0);
      raw.subscribe('1', '{ backups { pagination { page } } }');
      await until(() => raw.about('1').length > 0);
      expect(raw.about('1')[0]?.type).to.equal('next');
      raw.socket.close();
    });

    it('are closed when connection_init does not come', async () => {
      const raw = await RawClient.open(test);
      expect((await raw.closed).code).to.equal(4408);
    });

    it('are closed when an operation comes before connection_init', async () => {
      const raw = await RawClient.open(test);
      raw.subscribe('1', CHANGES);
      expect((await raw.closed).code).to.equal(4401);
    });

    it('do not come about for another sub-protocol', async () => {
      const socket = new WebSocket(test.address.webSocketUrl, 'graphql-ws');
      const [error] = (await once(socket, 'error')) as [Error];
      expect(error.message).to.contain('subprotocol');
    });

    it('are closed for a message that is too large', async () => {
      const raw = await RawClient.openReady(test);
      raw.subscribe('1', `{ __typename } # ${'x'.repeat(200_000)}`);
      expect((await raw.closed).code).to.equal(1009);
    });

    it('are closed for a message that is not JSON', async () => {
      const raw = await RawClient.openReady(test);
      raw.socket.send('{');
      expect((await raw.closed).code).to.equal(4400);
    });

    it('are cut off when they no longer answer pings', async () => {
      await using impatient = await TestApi.start({ webSocket: { pingIntervalMs: 50 } });
      const raw = await RawClient.open(impatient);
      raw.socket.pong = () => {};
      expect((await raw.closed).code).to.equal(1006);
    });

    it('have a limit of operations in progress', async () => {
      const raw = await RawClient.openReady(test);
      for (const id of ['1', '2', '3', '4']) raw.subscribe(id, CHANGES);
      await until(() => raw.about('4').length > 0);
      expect(raw.about('4')[0]).to.deep.include({ type: 'error' });
      expect(services.changes.size).to.equal(3);
      raw.socket.close();
    });

    it('have a limit of operations in progress on all of them together', async () => {
      const open = await Promise.all([1, 2, 3].map(() => RawClient.openReady(test)));
      for (const raw of open) for (const id of ['1', '2', '3']) raw.subscribe(id, CHANGES);
      const refusals = () => open.flatMap((raw) => ['1', '2', '3'].flatMap((id) => raw.about(id)));
      await until(() => refusals().length >= 2);
      expect(JSON.stringify(refusals()[0])).to.contain('SERVICE_UNAVAILABLE');
      expect(services.changes.size).to.equal(7);
      for (const { socket } of open) socket.close();
    });

    it('have a limit of their number', async () => {
      const clients = await Promise.all([1, 2, 3, 4].map(() => RawClient.openReady(test)));
      const socket = new WebSocket(test.address.webSocketUrl, 'graphql-transport-ws');
      const [error] = (await once(socket, 'error')) as [Error];
      expect(error.message).to.contain('503');
      for (const { socket: open } of clients) open.close();
    });

    it('of strangers make room for others', async () => {
      const strangers = [];
      for (let stranger = 0; stranger < 4; stranger++) strangers.push(await RawClient.open(test));
      const known = await RawClient.openReady(test);
      expect((await strangers[0]!.closed).code).to.equal(1006);
      expect(strangers[3]!.socket.readyState).to.equal(WebSocket.OPEN);
      for (const { socket } of [...strangers, known]) socket.terminate();
    });

    it('are refused on another path', async () => {
      const socket = new WebSocket(
        test.address.webSocketUrl.replace('/graphql', '/other'),
        'graphql-transport-ws',
      );
      const [error] = (await once(socket, 'error')) as [Error];
      expect(error.message).to.contain('404');
    });
  });

  describe('the audit log', () => {
    it('holds a token that was refused when no operation followed, and where from', async () => {
      const raw = await RawClient.openReady(test, 'wrong');
      raw.socket.close();
      await until(() => services.audited.length > 0);
      expect(services.audited).to.deep.equal([
        {
          actor: 'anonymous',
          role: null,
          action: 'auth.denied',
          target: 'connection',
          outcome: 'UNAUTHENTICATED',
          remoteAddress: '127.0.0.1',
        },
      ]);
    });
  });

  it('counts what is open', async () => {
    const raw = await RawClient.openReady(test);
    raw.subscribe('1', CHANGES);
    raw.subscribe('2', CHANGES);
    await until(() => services.changes.size === 2);
    expect(test.server.connections).to.deep.equal({ webSockets: 1, subscriptions: 2 });
    raw.socket.close();
    await until(() => test.server.connections.webSockets === 0);
  });

  it('writes the ids of connection and request to the log', async () => {
    services.progress.backupProgress = () => Promise.reject(new Error('a bug'));
    const raw = await RawClient.openReady(test);
    raw.subscribe('1', PROGRESS, { id: 'none' });
    await until(() => raw.about('1').length > 0);
    const lines = test.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    const line = lines.find(({ msg }) => msg === 'Unexpected error in an API operation');
    expect(line?.connectionId).to.match(/^[0-9a-f-]{36}$/);
    raw.socket.close();
  });

  describe('the end of the server', () => {
    it('refuses new operations while it drains, and lets subscriptions go on', async () => {
      const raw = await RawClient.openReady(test);
      raw.subscribe('1', CHANGES);
      await until(() => services.changes.size === 1);
      test.server.drain();
      raw.subscribe('2', CHANGES);
      await until(() => raw.about('2').length > 0);
      services.changes.send({ kind: 'backup', backup: services.addBackup() });
      await until(() => raw.about('1').length > 0);
      const [refusal] = errorsIn(raw.about('2')[0]);
      expect([refusal?.extensions.code, raw.about('1')[0]?.type]).to.deep.equal([
        'SERVICE_UNAVAILABLE',
        'next',
      ]);
      raw.socket.close();
    });

    it('says good-bye to every connection and leaves no subscription behind', async () => {
      const raw = await RawClient.openReady(test);
      raw.subscribe('1', CHANGES);
      await until(() => services.changes.size === 1);
      await Promise.all([test.server.close(), test.server.close()]);
      expect((await raw.closed).code).to.equal(1001);
      expect(services.changes.size).to.equal(0);
    });
  });
});
