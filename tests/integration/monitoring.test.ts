import { createHash, createHmac } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { ServerProcess, type Settings } from '../support/server-process.js';
import { makeToken, TEST_SECRET } from '../support/tokens.js';
import { type Received, WebhookReceiver } from '../support/webhook-receiver.js';

const SECRET = 'a secret of the webhook';

/** Checks a message as docs/monitoring.md tells receivers to. */
function isAuthentic({ headers, body, at }: Received, secret = SECRET): boolean {
  const [, seconds, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['tillvault-signature'])) ?? [];
  const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return given === expected && Math.abs(at / 1000 - Number(seconds)) < 300;
}

describe('Monitoring of the whole server', function () {
  this.timeout(60_000);

  function alertSettings(receiver: WebhookReceiver): Settings {
    return {
      ALERT_WEBHOOK_URL: receiver.url,
      ALERT_WEBHOOK_SECRET: SECRET,
      // The disk of whoever runs the tests is not what they are about.
      ALERT_MIN_FREE_PERCENT: '0',
    };
  }

  async function loseDatabase(server: ServerProcess): Promise<void> {
    await rename(server.path('prisma/dev.db'), server.path('prisma/away.db'));
  }

  async function findDatabase(server: ServerProcess): Promise<void> {
    await rename(server.path('prisma/away.db'), server.path('prisma/dev.db'));
  }

  describe('alerts', () => {
    it('tells a signed webhook of a backup that failed, once, and when a later one completes', async () => {
      await using receiver = await WebhookReceiver.open();
      await using server = await ServerProcess.start({ settings: alertSettings(receiver) });
      await loseDatabase(server);
      const failed = await server.backUp();
      await server.backUp();
      const raised = await receiver.next(({ content }) => content.event === 'alert.raised');
      expect(isAuthentic(raised)).to.equal(true);
      expect(isAuthentic(raised, 'another secret')).to.equal(false);
      expect(raised.content).to.include({
        kind: 'backup.failed',
        subject: 'DATABASE+CONFIG+CACHE+FILES',
        count: 1,
      });
      expect(raised.content.message).to.contain(failed.id);
      await findDatabase(server);
      await server.backUp({ type: 'PARTIAL', components: ['FILES'] });
      await server.backUp();
      const resolved = await receiver.next(({ content }) => content.event === 'alert.resolved');
      expect(isAuthentic(resolved)).to.equal(true);
      expect(resolved.content).to.include({ alertId: raised.content.alertId, count: 2 });
      expect(receiver.received).to.have.length(2);
      const { data } = await server.query(
        '{ alerts { items { kind subject count resolvedAt delivery { state attempts } } pagination { total } } }',
      );
      const alerts = (data?.alerts?.items ?? []) as Record<string, unknown>[];
      expect(alerts).to.have.length(1);
      expect(alerts[0]).to.deep.include({
        kind: 'BACKUP_FAILED',
        delivery: { state: 'DELIVERED', attempts: 0 },
      });
    });

    it('tries again after an answer of 500, and after a kill', async () => {
      await using receiver = await WebhookReceiver.open();
      receiver.status = 500;
      await using server = await ServerProcess.start({ settings: alertSettings(receiver) });
      await loseDatabase(server);
      await server.backUp();
      const first = await receiver.next(() => true);
      await receiver.next(({ at, content }) => at > first.at && content.id === first.content.id);
      await server.stop('SIGKILL');
      const before = receiver.received.length;
      receiver.status = 200;
      await server.start();
      await receiver.next((message) => receiver.received.indexOf(message) >= before);
      expect(receiver.received.every((message) => message.content.id === first.content.id)).to.equal(true);
      expect(receiver.received.every((message) => isAuthentic(message))).to.equal(true);
      expect(await deliveryOf(server)).to.include({ state: 'DELIVERED' });
    });

    it('follows no redirect and says neither the address nor the answer', async () => {
      await using other = await WebhookReceiver.open();
      await using receiver = await WebhookReceiver.open();
      receiver.status = 307;
      receiver.headers = { location: other.url };
      await using server = await ServerProcess.start({
        settings: { ...alertSettings(receiver), LOG_LEVEL: 'trace' },
      });
      await loseDatabase(server);
      await server.backUp();
      await receiver.next(() => true);
      const { lastError } = await deliveryOf(server, ({ attempts }) => Number(attempts) > 0);
      expect(lastError).to.equal('The answer was 307, a redirect, which is not followed');
      expect(other.received).to.deep.equal([]);
      expect(server.output).not.to.contain('a-private-path').and.not.to.contain('a private answer');
    });

    it('is told at the next start of a failure that a kill kept from being told', async () => {
      await using receiver = await WebhookReceiver.open();
      await using server = await ServerProcess.start();
      await loseDatabase(server);
      const { id } = await server.backUp();
      await server.stop('SIGKILL');
      const database = new DatabaseSync(server.path('data/tillvault.db'));
      database.exec('DELETE FROM alerts; DELETE FROM alert_messages');
      database.close();
      await server.start(alertSettings(receiver));
      const { content } = await receiver.next(() => true);
      expect(content.message).to.contain(id);
    });

    async function deliveryOf(
      server: ServerProcess,
      fits: (delivery: Record<string, unknown>) => boolean = ({ state }) => state === 'DELIVERED',
    ): Promise<Record<string, unknown>> {
      for (let attempt = 0; attempt < 200; attempt++) {
        const { data } = await server.query('{ alerts { items { delivery { state attempts lastError } } } }');
        const alerts = (data?.alerts?.items ?? []) as { delivery: Record<string, unknown> }[];
        const alert = alerts[0];
        if (alert && fits(alert.delivery)) return alert.delivery;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error('The delivery did not come that far');
    }
  });

  describe('audit log', () => {
    const LOG = '{ auditLog(limit: 100) { items { actor action target outcome remoteAddress detail } } }';
    const VERIFY = '{ auditVerify { ok checkedEntries brokenId reason } }';

    it('holds the start with its configuration, what was done, how it ended, and the end; and is whole', async () => {
      await using server = await ServerProcess.start();
      const { id } = await server.backUp();
      await server.stop();
      await server.start({ LOG_LEVEL: 'error' });
      const { data } = await server.query(LOG);
      const items = (data?.auditLog?.items ?? []) as Record<string, string>[];
      items.reverse();
      expect(items.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`)).to.deep.equal([
        'audit.begin null ok',
        'server.start null ok',
        `backup.create ${id} ok`,
        `backup.end ${id} ok`,
        'server.stop null ok',
        'server.start null ok',
      ]);
      const starts = items.filter(({ action }) => action === 'server.start').map(({ detail }) => detail);
      expect(starts[0]).to.match(/^version \d+\.\d+\.\d+, configuration sha256:[0-9a-f]{64}$/);
      expect(starts[1]).not.to.equal(starts[0]);
      expect((await server.query(VERIFY)).data?.auditVerify).to.deep.equal({
        ok: true,
        checkedEntries: 6,
        brokenId: null,
        reason: null,
      });
    });

    it('is known to be cut also when DATA_DIR was cut with it, by the backups', async () => {
      await using server = await ServerProcess.start();
      await server.backUp();
      await server.stop();
      await rm(server.path('data/audit-head'));
      const database = new DatabaseSync(server.path('data/tillvault.db'));
      database.exec('DELETE FROM audit_entries WHERE sequence > 1');
      database.close();
      await server.start();
      const { data } = await server.query(VERIFY);
      expect(data?.auditVerify).to.deep.include({ ok: false });
      expect(data?.auditVerify?.reason).to.match(/missing/);
    });
  });

  describe('health', () => {
    const HEALTH = '{ health { status version uptimeSeconds checks { name status message } } }';
    const STORAGE = '{ storage { location usedBytes freeBytes sizeBytes reductionRatio } }';

    async function statusesOf(server: ServerProcess): Promise<Record<string, string>> {
      const { data } = await server.query(HEALTH);
      const checks = (data?.health?.checks ?? []) as { name: string; status: string }[];
      return Object.fromEntries(checks.map(({ name, status }) => [name, status]));
    }

    it('says of every part how it is, and of the storage how full', async () => {
      await using server = await ServerProcess.start({ settings: { ALERT_MIN_FREE_PERCENT: '0' } });
      expect(await statusesOf(server)).to.deep.equal({
        metadata: 'OK',
        engine: 'OK',
        storage: 'OK',
        till: 'OK',
        queue: 'OK',
        'backup.database': 'DEGRADED',
        'backup.config': 'DEGRADED',
        'backup.cache': 'DEGRADED',
        'backup.files': 'DEGRADED',
        alerts: 'OK',
        clock: 'OK',
      });
      const { sizeBytes } = await server.backUp();
      const { data } = await server.query(HEALTH);
      expect(data?.health).to.include({ status: 'OK' });
      const storage = (await server.query(STORAGE)).data?.storage;
      expect(storage).to.include({ location: `file:${server.path('backups')}`, sizeBytes });
      expect(storage?.freeBytes).to.be.greaterThan(0);
    });

    it('says that the storage is gone, and stays ready', async () => {
      await using server = await ServerProcess.start({ settings: { ALERT_MIN_FREE_PERCENT: '0' } });
      await rm(server.path('backups'), { recursive: true });
      expect(await statusesOf(server)).to.include({ storage: 'DOWN', metadata: 'OK', engine: 'OK' });
      const ready = await fetch(`${server.origin}/readyz`);
      expect([ready.status, await ready.text()]).to.deep.equal([200, '{"status":"up"}']);
    });
  });

  describe('metrics', () => {
    const METRICS_TOKEN = 'a-token-of-the-scraper';

    it('are given to a scraper with a token, and to administrators, and to nobody else', async () => {
      await using server = await ServerProcess.start({ settings: { METRICS_TOKEN } });
      const ask = async (authorization?: string) =>
        fetch(`${server.origin}/metrics`, authorization ? { headers: { authorization } } : {});
      expect((await ask()).status).to.equal(401);
      expect((await ask('Bearer another token')).status).to.equal(401);
      const cashier = makeToken({ claims: { sub: 'carl', role: 'CASHIER' } });
      expect((await ask(`Bearer ${cashier}`)).status).to.equal(403);
      expect((await ask(`Bearer ${METRICS_TOKEN}`)).status).to.equal(200);
      expect((await ask(`Bearer ${makeToken()}`)).status).to.equal(200);
    });

    it('tell what was done and how things are', async () => {
      await using server = await ServerProcess.start();
      await server.backUp();
      const response = await fetch(`${server.origin}/metrics`, {
        headers: { authorization: `Bearer ${makeToken()}` },
      });
      expect(response.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
      const text = await response.text();
      expect(text).to.contain('tillvault_backups_total{status="COMPLETED",trigger="MANUAL"} 1');
      expect(text).to.match(/^tillvault_storage_used_bytes [1-9]\d+$/m);
      expect(text).to.match(/^tillvault_newest_backup_timestamp_seconds\{component="DATABASE"\} 1\.?\d+/m);
      expect(text).to.match(
        /^tillvault_operation_duration_seconds_count\{operation="backup",status="COMPLETED"\} 1$/m,
      );
      expect(text).to.match(/^nodejs_eventloop_lag_p99_seconds /m);
      expect(text).not.to.contain(createHash('sha256').update(TEST_SECRET).digest('hex'));
    });

    it('are given without a token at an address of their own, which has nothing else', async () => {
      await using server = await ServerProcess.start({ settings: { METRICS_PORT: '0', LOG_LEVEL: 'info' } });
      const port = (await server.said(/"port":(\d+).*Metrics are served/))[1];
      const at = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
      expect((await at('/metrics')).status).to.equal(200);
      expect((await at('/graphql')).status).to.equal(404);
    });
  });

  describe('log', () => {
    interface Line {
      msg: string;
      requestId?: string;
      operationId?: string;
      connectionId?: string;
    }

    async function readLog(server: ServerProcess): Promise<{ text: string; lines: Line[]; files: string[] }> {
      const files = (await readdir(server.path('logs'))).sort();
      const texts = await Promise.all(files.map((file) => readFile(server.path('logs', file), 'utf8')));
      const text = texts.join('');
      return {
        text,
        files,
        lines: text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      };
    }

    it('goes to a file of mode 0600, with the id of the request through everything, and no secret', async () => {
      const settings = { LOG_FILE: 'logs/tillvault.log', LOG_LEVEL: 'trace' };
      await using server = await ServerProcess.start({ settings });
      await loseDatabase(server);
      const response = await server.post('mutation { createBackup(input: {}) { backup { id } } }', {
        'x-request-id': 'till-1.42',
      });
      expect(response.headers.get('x-request-id')).to.equal('till-1.42');
      const { data } = (await response.json()) as { data: { createBackup: { backup: { id: string } } } };
      await server.backUp();
      await server.stop();
      const { text, lines, files } = await readLog(server);
      expect(files).to.deep.equal(['tillvault.1.log']);
      expect((await stat(server.path('logs', files[0]!))).mode & 0o777).to.equal(0o600);
      const alert = lines.find(({ msg, requestId }) => msg === 'Alert' && requestId === 'till-1.42');
      expect(alert).to.include({ operationId: data.createBackup.backup.id });
      expect(lines.find(({ msg, requestId }) => msg === 'Request' && requestId === 'till-1.42')).to.not.equal(
        undefined,
      );
      expect(text).not.to.contain(TEST_SECRET).and.not.to.contain('eyJ');
      expect(text).not.to.contain('an encryption key of the tests');
    });

    it('gives a request with an id that is none another one', async () => {
      await using server = await ServerProcess.start();
      const response = await server.post('{ __typename }', { 'x-request-id': 'x"}{"level":60' });
      expect(response.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
    });
  });
});
