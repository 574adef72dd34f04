import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { createRestApi } from '../../src/rest/rest-api.js';
import { StorageError } from '../../src/shared/errors.js';
import { type RestReply, RestServer } from '../support/rest-server.js';
import { makeToken } from '../support/tokens.js';

describe('REST', () => {
  let server: RestServer;
  beforeEach(async () => {
    server = await RestServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const create = (body: object, headers: Record<string, string> = {}) =>
    server.send('POST', '/api/backup/create', { body, headers });

  describe('POST /api/backup/create', () => {
    it('answers when the backup is completed, in the shape of the seed', async () => {
      const { status, headers, body } = await create({
        type: 'full',
        encrypt: true,
        compress: true,
        retentionDays: 30,
      });
      expect(status).to.equal(201);
      expect(body).to.include({ success: true, message: 'Backup created successfully' });
      expect(body.backup).to.include({
        type: 'full',
        status: 'completed',
        encrypted: true,
        components: 4,
        size: 1_000,
      });
      expect(body.backup.checksum).to.match(/^[0-9a-f]{64}$/);
      expect(headers.get('location')).to.equal(`/api/backup/${body.backup.id}`);
    });

    it('answers at once when asked to, and gives the same backup for the same key', async () => {
      const headers = { prefer: 'respond-async', 'idempotency-key': 'k1' };
      const first = await create({}, headers);
      expect(first.status).to.equal(202);
      expect(first.headers.get('preference-applied')).to.equal('respond-async');
      expect(['queued', 'running']).to.include(first.body.backup.status);
      expect((await create({}, headers)).body.backup.id).to.equal(first.body.backup.id);
    });

    it('answers a backup that failed with its error, and the backup beside it', async () => {
      server.kit.engine.duringBackup = async () => {
        throw new StorageError('INSUFFICIENT_STORAGE', 'The storage is full');
      };
      const { status, body } = await create({});
      expect(status).to.equal(507);
      expect(body).to.include({
        error: 'Insufficient Storage',
        message: 'The storage is full',
        code: 'INSUFFICIENT_STORAGE',
      });
      expect(body.backup).to.include({ status: 'failed' });
    });

    it('lists everything that is wrong with the body', async () => {
      const { status, body } = await create({
        type: 'half',
        retentionDays: 0,
        compressionLevel: 20,
        nmae: 'x',
      });
      expect(status).to.equal(400);
      expect(body.error).to.equal('Bad Request');
      expect(body.problems).to.have.length(4);
    });

    it('goes on when the client leaves', async () => {
      const gate = Promise.withResolvers<void>();
      server.kit.engine.duringBackup = () => gate.promise;
      const controller = new AbortController();
      const left = fetch(`${server.origin}/api/backup/create`, {
        method: 'POST',
        headers: { authorization: `Bearer ${makeToken()}`, 'content-type': 'application/json' },
        body: '{}',
        signal: controller.signal,
      }).catch(() => 'left');
      const isRunning = async () =>
        (await server.send('GET', '/api/backup/list?status=running')).body.backups.length === 1;
      while (!(await isRunning()));
      controller.abort();
      expect(await left).to.equal('left');
      gate.resolve();
      while (await isRunning());
      expect((await server.send('GET', '/api/backup/list')).body.summary).to.include({
        completed: 1,
        failed: 0,
      });
    });
  });

  it('lists backups with filters, in pages', async () => {
    for (const name of ['Alpha', 'Beta', 'Gamma']) await create({ name });
    const { body } = await server.send(
      'GET',
      '/api/backup/list?page=2&limit=1&status=completed,failed&type=full&sort=name&order=asc',
    );
    expect(body.backups.map(({ name }: { name: string }) => name)).to.deep.equal(['Beta']);
    expect(body.pagination).to.deep.equal({
      page: 2,
      limit: 1,
      total: 3,
      totalPages: 3,
      hasNext: true,
      hasPrev: true,
    });
    expect(body.summary).to.include({ total: 3, completed: 3, failed: 0, running: 0, totalSize: 3_000 });
    expect((await server.send('GET', '/api/backup/list?search=mm')).body.pagination.total).to.equal(1);
    const wrong = await server.send('GET', '/api/backup/list?page=0&limit=1e1&status=done&statsu=failed');
    expect(wrong.status).to.equal(400);
    expect(wrong.body.problems).to.have.length(4);
  });

  it('shows, deletes and no longer knows a backup', async () => {
    const { body } = await create({});
    const path = `/api/backup/${body.backup.id}`;
    expect((await server.send('GET', path)).body.backup).to.deep.equal(body.backup);
    expect((await server.send('DELETE', path)).body).to.deep.equal({
      success: true,
      message: 'Backup deleted',
      deletedId: body.backup.id,
    });
    expect((await server.send('GET', path)).body).to.include({ error: 'Not Found', code: 'NOT_FOUND' });
  });

  describe('POST /api/restore/create', () => {
    const restore = async (body: object) => server.send('POST', '/api/restore/create', { body });

    it('answers once everything is validated and restoring has begun', async () => {
      const { id } = await server.backUp();
      const gate = Promise.withResolvers<void>();
      server.kit.engine.duringRestore = async (_request, { onProgress }) => {
        const figures = {
          component: null,
          processedBytes: 0,
          totalBytes: 1,
          processedFiles: 0,
          totalFiles: 1,
        };
        onProgress?.({ phase: 'STAGING', ...figures, validated: true, restorePoint: null });
        await gate.promise;
      };
      const { status, body } = await restore({
        backupId: id,
        components: ['database', 'config'],
        overwrite: true,
      });
      gate.resolve();
      expect(status).to.equal(201);
      expect(body).to.include({ success: true, message: 'Restore process started' });
      expect(body.restore).to.deep.include({
        backupId: id,
        status: 'restoring',
        validated: true,
        components: ['database', 'config'],
      });
    });

    it('answers validateOnly when everything was read', async () => {
      const { id } = await server.backUp();
      const { status, body } = await restore({ backupId: id, validateOnly: true });
      expect(status).to.equal(200);
      expect(body.restore).to.include({ status: 'completed', validated: true, restoredFiles: 0 });
      const listed = await server.send('GET', '/api/restore/list?page=1&limit=10&status=completed');
      expect(listed.body.summary).to.deep.equal({
        total: 1,
        completed: 1,
        failed: 0,
        running: 0,
        rolledBack: 0,
        validated: 1,
      });
      expect((await server.send('GET', `/api/restore/${body.restore.id}`)).body.restore).to.deep.equal(
        body.restore,
      );
    });

    it('refuses an unknown backup and an unknown component', async () => {
      expect((await restore({ backupId: 'none' })).status).to.equal(404);
      const { status, body } = await restore({ components: ['tapes'] });
      expect(status).to.equal(400);
      expect(body.problems).to.have.length(2);
    });
  });

  const refusals: [what: string, status: number, send: () => Promise<RestReply>, code: string][] = [
    [
      'no token',
      401,
      () => server.send('GET', '/api/backup/list', { headers: { authorization: '' } }),
      'UNAUTHENTICATED',
    ],
    [
      'another role',
      403,
      () =>
        server.send('GET', '/api/backup/list', {
          headers: { authorization: `Bearer ${makeToken({ claims: { role: 'CASHIER' } })}` },
        }),
      'FORBIDDEN',
    ],
    ['an unknown path', 404, () => server.send('GET', '/api/nothing'), 'NOT_FOUND'],
    ['a malformed id', 404, () => server.send('GET', '/api/backup/%ff'), 'NOT_FOUND'],
    ['another method', 405, () => server.send('DELETE', '/api/backup/list'), 'BAD_USER_INPUT'],
    [
      'a body that is no JSON',
      400,
      () => server.send('POST', '/api/backup/create', { body: '{' }),
      'BAD_USER_INPUT',
    ],
    [
      'a body that is no object',
      400,
      () => server.send('POST', '/api/backup/create', { body: 'null' }),
      'BAD_USER_INPUT',
    ],
    [
      'a form',
      415,
      () =>
        server.send('POST', '/api/backup/create', {
          body: 'a=b',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
      'BAD_USER_INPUT',
    ],
    [
      'a body of 200 KB',
      413,
      () => server.send('POST', '/api/backup/create', { body: { name: 'x'.repeat(200_000) } }),
      'BAD_USER_INPUT',
    ],
  ];
  for (const [what, status, send, code] of refusals) {
    it(`answers ${what} with ${status}, in the shape of errors`, async () => {
      const reply = await send();
      expect(reply.status, JSON.stringify(reply.body)).to.equal(status);
      expect(Object.keys(reply.body))
        .to.include.members(['error', 'message', 'code'])
        .and.not.include('details');
      expect(reply.body.code).to.equal(code);
      if (status === 405) expect(reply.headers.get('allow')).to.equal('GET, HEAD');
      if (status === 401) expect(reply.headers.get('www-authenticate')).to.equal('Bearer');
    });
  }

  it('writes down who was refused what, and what was done', async () => {
    await server.send('DELETE', '/api/backup/x', { headers: { authorization: '' } });
    await server.send('DELETE', '/api/backup/x');
    const entries = (await server.kit.audit.list({ page: 1, limit: 2 }, null)).items;
    expect(
      entries.map(({ actor, action, target, outcome }) => `${actor} ${action} ${target} ${outcome}`),
    ).to.deep.equal([
      'anna backup.delete x NOT_FOUND',
      'anonymous auth.denied DELETE /api/backup/{id} UNAUTHENTICATED',
    ]);
  });

  it('refuses what is new while the server ends', async () => {
    server.server.drain();
    const { status, headers } = await create({});
    expect(status).to.equal(503);
    expect(Number(headers.get('retry-after'))).to.be.greaterThan(0);
  });

  describe('the OpenAPI document', () => {
    it('is one of OpenAPI 3.1, and for administrators only in production', async () => {
      const path = '/api/openapi.json';
      expect((await server.send('GET', path, { headers: { authorization: '' } })).status).to.equal(401);
      const { body } = await server.send('GET', path);
      const { valid, errors } = await new Validator().validate(structuredClone(body));
      expect(valid, JSON.stringify(errors)).to.equal(true);
      await using open = await RestServer.start({ production: false });
      expect((await open.send('GET', path, { headers: { authorization: '' } })).body).to.deep.equal(body);
    });

    it('names exactly the routes that are served', async () => {
      const { body } = await server.send('GET', '/api/openapi.json');
      const named = Object.entries(body.paths).flatMap(([path, item]) =>
        Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
      );
      const services = {} as Parameters<typeof createRestApi>[0];
      const { routes } = createRestApi(services, { production: true, version: '0' });
      expect(named.sort()).to.deep.equal(routes.map(({ method, path }) => `${method} ${path}`).sort());
      for (const route of named) {
        const [method, path] = route.split(' ') as [string, string];
        const reply = await server.send(method, path.replace('{id}', 'none'), {
          headers: { authorization: '' },
        });
        expect(reply.status, route).to.equal(401);
      }
    });

    it('describes what is answered, whatever it is', async () => {
      const document = (await server.send('GET', '/api/openapi.json')).body;
      const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
      ajv.addSchema(document, 'api');
      const expectDescribed = async (method: string, path: string, send: Promise<RestReply>) => {
        const { status, body } = await send;
        const pointer = [path, method, 'responses', String(status), 'content', 'application/json', 'schema'];
        const escaped = pointer.map((part) =>
          part.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D'),
        );
        const isValid = ajv.validate({ $ref: `api#/paths/${escaped.join('/')}` }, body);
        expect(isValid, `${method} ${path} ${status}: ${JSON.stringify(ajv.errors)}`).to.equal(true);
        return body;
      };
      const { backup } = await expectDescribed('post', '/api/backup/create', create({ name: 'One' }));
      await expectDescribed('post', '/api/backup/create', create({ type: 1 }));
      await expectDescribed('get', '/api/backup/list', server.send('GET', '/api/backup/list'));
      await expectDescribed('get', '/api/backup/{id}', server.send('GET', `/api/backup/${backup.id}`));
      const body = { backupId: backup.id, validateOnly: true };
      const { restore } = await expectDescribed(
        'post',
        '/api/restore/create',
        server.send('POST', '/api/restore/create', { body }),
      );
      await expectDescribed('get', '/api/restore/list', server.send('GET', '/api/restore/list'));
      await expectDescribed('get', '/api/restore/{id}', server.send('GET', `/api/restore/${restore.id}`));
      await expectDescribed(
        'post',
        '/api/restore/{id}/cancel',
        server.send('POST', `/api/restore/${restore.id}/cancel`),
      );
      await expectDescribed(
        'post',
        '/api/backup/{id}/cancel',
        server.send('POST', `/api/backup/${backup.id}/cancel`),
      );
      await expectDescribed('delete', '/api/backup/{id}', server.send('DELETE', `/api/backup/${backup.id}`));
      await expectDescribed('get', '/api/openapi.json', server.send('GET', '/api/openapi.json'));
      server.kit.engine.duringBackup = async () => {
        throw new StorageError('INSUFFICIENT_STORAGE', 'Full');
      };
      await expectDescribed('post', '/api/backup/create', create({}));
    });
  });
});
