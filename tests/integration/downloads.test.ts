import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { SnapshotPiece } from '../../src/engine/index.js';
import { MAX_DOWNLOADS } from '../../src/services/open-downloads.js';
import { MiB } from '../../src/shared/bytes.js';
import { CancelledError, IntegrityError } from '../../src/shared/errors.js';
import { toPieces } from '../support/archive-pieces.js';
import { RestServer } from '../support/rest-server.js';
import { ADMIN, codeOf } from '../support/service-kit.js';
import { makeToken } from '../support/tokens.js';

const SECOND_NS = 1_000_000_000n;

/** 64 MiB that cannot be compressed, made as they are asked for; `taken` counts. */
function makeStream(options: { failAt?: number; withContent?: boolean } = {}) {
  const state = { taken: 0, isClosed: false };
  const piece = Buffer.alloc(256 * 1024, 1);
  async function* stream(signal?: AbortSignal): AsyncGenerator<SnapshotPiece, void, void> {
    try {
      const metadata = { component: 'FILES' as const, mode: 0o600, mtimeNs: SECOND_NS, uid: 0, gid: 0 };
      const checksum = Buffer.alloc(32);
      yield { kind: 'file', ...metadata, path: Buffer.from('film'), sizeBytes: 64 * MiB, checksum };
      for (; state.taken < 64 * MiB; state.taken += piece.length) {
        if (signal?.aborted) throw new CancelledError();
        if (options.failAt !== undefined && state.taken >= options.failAt)
          throw new IntegrityError('Told to fail');
        yield { kind: 'content', bytes: piece };
      }
    } finally {
      state.isClosed = true;
    }
  }
  return { state, stream };
}

/** Begins a request whose answer nobody reads. */
async function begin(url: string, token: string | null = makeToken()): Promise<IncomingMessage> {
  const request = get(url, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    agent: false,
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {}); // it is cut off
  return response;
}

async function until(isTrue: () => boolean | Promise<boolean>, limitMs = 5_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error('It did not come to pass');
    await wait(20);
  }
}

describe('GET /api/backup/{id}/download', () => {
  let server: RestServer;
  let url: string;
  let id: string;

  beforeEach(async () => {
    server = await RestServer.start({ stallLimitMs: 400 });
    const backup = await server.backUp('Ümlaut "quoted"/../x');
    id = backup.id;
    url = `${server.origin}/api/backup/${id}/download`;
    server.kit.engine.streamed = ({ withContent }) =>
      toPieces([{ path: 'a.txt', content: Buffer.from('content of a') }], { withContent });
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const outcomes = async () =>
    (await server.kit.audit.list({ page: 1, limit: 5 }, null)).items
      .filter(({ action }) => action.startsWith('backup.download'))
      .map(({ actor, action, outcome }) => `${actor} ${action} ${outcome}`);
  const link = (components: ['FILES'] | null = null, paths: string[] | null = null) =>
    server.kit.downloadService.createLink(
      ADMIN,
      { id, status: 'COMPLETED' },
      { format: 'TAR', components, paths },
    )!;

  it('names the file, and lets nobody keep or continue it', async () => {
    const response = await begin(`${url}?format=zip`);
    response.resume();
    expect(response.statusCode).to.equal(200);
    expect(response.headers).to.include({
      'content-type': 'application/zip',
      'cache-control': 'no-store',
      'accept-ranges': 'none',
      'transfer-encoding': 'chunked',
    });
    expect(response.headers['content-disposition']).to.match(
      /^attachment; filename=".*\.zip"; filename\*=UTF-8''%C3%9Cmlaut%20_quoted__.._x\.zip$/,
    );
    await once(response, 'end');
  });

  it('answers HEAD without beginning anything', async () => {
    const { status, headers } = await server.send('HEAD', `/api/backup/${id}/download`);
    expect(status).to.equal(200);
    expect(headers.get('content-type')).to.equal('application/zstd');
    expect(await outcomes()).to.deep.equal([]);
  });

  it('asks the engine for what was asked for', async () => {
    const requests: unknown[] = [];
    server.kit.engine.streamed = ({ withContent, components, paths }) => {
      if (withContent) requests.push({ components, paths });
      return toPieces([], { withContent });
    };
    await server.send('GET', `/api/backup/${id}/download?components=files,database`);
    await server.send('GET', `/api/backup/${id}/download?paths=files/a,b&paths=files/c`);
    expect(requests).to.deep.equal([
      { components: ['DATABASE', 'FILES'], paths: null },
      { components: ['CONFIG', 'CACHE', 'FILES'], paths: ['files/a,b', 'files/c'] },
    ]);
  });

  it('writes down the beginning and the end, with the bytes', async () => {
    const response = await begin(`${url}?format=tar`);
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(response, 'end');
    await until(async () => (await outcomes()).length === 2);
    const written = (await outcomes()).join('\n');
    expect(written).to.include('anna backup.download.start ok');
    expect(Number(/^anna backup\.download ok, (\d+) bytes$/m.exec(written)?.[1])).to.be.within(
      bytes,
      bytes + 4_096,
    );
  });

  for (const [what, query, status] of [
    ['an unknown format', 'format=rar', 400],
    ['unknown components', 'components=tapes', 400],
    ['paths of the database', 'components=database&paths=x', 400],
    ['a path that leaves', 'paths=../x', 400],
    ['a parameter twice', 'format=zip&format=tar', 400],
  ] as const) {
    it(`answers ${what} with ${status}`, async () => {
      expect((await server.send('GET', `/api/backup/${id}/download?${query}`)).status).to.equal(status);
    });
  }

  it('answers an error that comes before the first entry as what it is', async () => {
    server.kit.engine.streamed = () => {
      throw new IntegrityError('The snapshot is damaged');
    };
    const { status, body } = await server.send('GET', `/api/backup/${id}/download`);
    expect(status).to.equal(500);
    expect(body).to.include({ code: 'DATA_CORRUPTED' });
    expect(await outcomes()).to.deep.equal(['anna backup.download.start DATA_CORRUPTED']);
    await server.kit.backups.delete(ADMIN, id);
  });

  it('cuts the answer off when content fails after it began', async () => {
    const { stream, state } = makeStream({ failAt: 8 * MiB });
    server.kit.engine.streamed = (_request, signal) => stream(signal);
    const response = await begin(`${url}?format=tar`);
    response.resume();
    const closed = Promise.withResolvers<void>();
    response.on('close', () => closed.resolve());
    await closed.promise;
    expect(response.errored).to.include({ code: 'ECONNRESET' });
    expect(response.complete).to.equal(false);
    await until(async () =>
      (await outcomes()).some((line) => line.startsWith('anna backup.download DATA_CORRUPTED')),
    );
    expect(state.isClosed).to.equal(true);
  });

  it('takes no more from the engine than a client that stops reading does, and drops it in the end', async () => {
    const { stream, state } = makeStream();
    server.kit.engine.streamed = (_request, signal) => stream(signal);
    const response = await begin(`${url}?format=tar`);
    response.pause();
    await wait(250);
    const { taken } = state;
    // What the kernel takes of a connection, and a few buffers.
    expect(taken).to.be.within(1, 24 * MiB);
    await until(() => state.isClosed);
    expect(state.taken - taken).to.be.lessThan(2 * MiB);
    await until(async () =>
      (await outcomes()).some((line) => line.startsWith('anna backup.download CANCELLED, ')),
    );
    response.destroy();
  });

  it('does not drop a client that the server itself keeps waiting', async () => {
    server.kit.engine.streamed = async function* ({ withContent }) {
      if (withContent) await wait(0);
      for await (const piece of toPieces([{ path: 'slow', content: Buffer.alloc(100_000, 1) }], {
        withContent,
      })) {
        yield piece;
        if (withContent && piece.kind === 'content') await wait(1_000);
      }
    };
    const response = await begin(`${url}?format=tar`);
    response.resume();
    await once(response, 'end');
    expect(response.complete).to.equal(true);
  });

  it('stops the engine at once when the client leaves', async () => {
    const { stream, state } = makeStream();
    server.kit.engine.streamed = (_request, signal) => stream(signal);
    const response = await begin(`${url}?format=tar_gz`);
    response.destroy();
    await until(() => state.isClosed, 1_000);
    await until(() => !server.kit.downloads.isDownloading(id));
  });

  it('does so many at a time and no more, and says when to try again', async () => {
    const { stream } = makeStream();
    server.kit.engine.streamed = (_request, signal) => stream(signal);
    const held = await Promise.all(Array.from({ length: MAX_DOWNLOADS }, () => begin(url)));
    const { status, headers } = await server.send('GET', `/api/backup/${id}/download`);
    expect(status).to.equal(503);
    expect(headers.get('retry-after')).to.equal('30');
    for (const response of held) response.destroy();
    await until(() => !server.kit.downloads.isDownloading(id));
    server.kit.engine.streamed = ({ withContent }) => toPieces([], { withContent });
    expect((await server.send('GET', `/api/backup/${id}/download`)).status).to.equal(200);
  });

  it('keeps a backup from being deleted while it is downloaded', async () => {
    const { stream } = makeStream();
    server.kit.engine.streamed = (_request, signal) => stream(signal);
    const response = await begin(url);
    expect(await codeOf(server.kit.backups.delete(ADMIN, id))).to.equal('CONFLICT');
    response.destroy();
    await until(() => !server.kit.downloads.isDownloading(id));
    await server.kit.backups.delete(ADMIN, id);
  });

  it('refuses a plain TAR over HTTP/1.0, which could not show that it was cut', async () => {
    const socket = connect(server.address.port, '127.0.0.1');
    const query = `GET /api/backup/${id}/download?format=tar HTTP/1.0`;
    socket.write(`${query}\r\nAuthorization: Bearer ${makeToken()}\r\n\r\n`);
    expect(await text(socket)).to.match(/^HTTP\/1.1 400 /);
  });

  describe('with a link', () => {
    it('needs no token, and writes down who the link was made for', async () => {
      const response = await begin(server.origin + link(), null);
      response.resume();
      expect(response.statusCode).to.equal(200);
      await once(response, 'end');
      await until(async () => (await outcomes()).length === 2);
      expect(await outcomes()).to.include('alice backup.download.start ok');
    });

    it('is good for what it was made for and nothing else', async () => {
      const good = link(['FILES'], ['files/a']);
      const changes: [string, string][] = [
        ['format=tar', 'format=zip'],
        ['components=files', 'components=config'],
        ['paths=files%2Fa', 'paths=files'],
        ['paths=files%2Fa', 'paths=files%2Fa&paths=files%2Fb'],
        ['subject=alice', 'subject=bob'],
        [/expires=\d+/.exec(good)![0], 'expires=4000000000'],
        [/signature=[\w-]{4}/.exec(good)![0], 'signature=AAAA'],
        ['&signature=', '&x='],
        [id, `${id}x`],
      ];
      const ask = async (path: string) =>
        (await server.send('GET', path, { headers: { authorization: '' } })).status;
      expect(await ask(good)).to.equal(200);
      for (const [from, to] of changes) {
        expect(good, from).to.include(from);
        expect(await ask(good.replace(from, to)), to).to.be.oneOf([400, 401]);
      }
      const denied = (await server.kit.audit.list({ page: 1, limit: 3 }, null)).items.map(
        ({ action, target }) => `${action} ${target}`,
      );
      expect(denied).to.include('auth.denied GET /api/backup/{id}/download');
    });
  });
});
