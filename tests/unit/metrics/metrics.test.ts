import { expect } from 'chai';
import { type MetricSources, Metrics } from '../../../src/metrics/metrics.js';
import { makeBackup, makeRestore } from '../../support/memory-services.js';

const SECONDS = (seconds: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + seconds * 1000);

describe('Metrics', () => {
  let sources: MetricSources;
  let metrics: Metrics;

  beforeEach(() => {
    sources = {
      storage: async () => ({ usedBytes: 200, freeBytes: 800, totalBytes: 1_000 }),
      sizes: async () => ({ sizeBytes: 500 }),
      newestGood: async () => new Map([['FILES', SECONDS(0)]]),
      alerts: async () => ({ open: 2, pending: 1 }),
      jobs: () => ({ running: 1, waiting: 3 }),
      connections: () => ({ webSockets: 4, subscriptions: 5 }),
    };
    metrics = new Metrics(
      {
        storage: () => sources.storage(),
        sizes: () => sources.sizes(),
        newestGood: () => sources.newestGood(),
        alerts: () => sources.alerts(),
        jobs: () => sources.jobs(),
        connections: () => sources.connections(),
      },
      { version: '1.2.3' },
    );
  });

  /** The samples of Tillvault's own metrics, without comments. */
  async function samples(): Promise<string[]> {
    const { body } = await metrics.render();
    return body.split('\n').filter((line) => line.startsWith('tillvault_'));
  }

  it('tell how things are when they are asked for', async () => {
    expect(await samples()).to.include.members([
      'tillvault_build_info{version="1.2.3"} 1',
      'tillvault_storage_used_bytes 200',
      'tillvault_storage_free_bytes 800',
      'tillvault_storage_total_bytes 1000',
      'tillvault_storage_source_bytes 500',
      'tillvault_storage_reduction_ratio 2.5',
      `tillvault_newest_backup_timestamp_seconds{component="FILES"} ${Date.parse('2026-01-01T00:00:00Z') / 1000}`,
      'tillvault_newest_backup_timestamp_seconds{component="DATABASE"} 0',
      'tillvault_alerts_open 2',
      'tillvault_alert_messages_pending 1',
      'tillvault_jobs{state="running"} 1',
      'tillvault_jobs{state="waiting"} 3',
      'tillvault_websocket_connections 4',
      'tillvault_subscriptions 5',
    ]);
  });

  it('count what ended, and how long it took', async () => {
    const times = { startedAt: SECONDS(0), completedAt: SECONDS(4) };
    metrics.observe({ kind: 'backup', backup: makeBackup({ status: 'RUNNING', ...times }) });
    metrics.observe({
      kind: 'backup',
      backup: makeBackup({ status: 'COMPLETED', sizeBytes: 100, storedBytes: 10, ...times }),
    });
    metrics.observe({
      kind: 'backup',
      backup: makeBackup({ status: 'FAILED', trigger: 'SCHEDULE', ...times }),
    });
    metrics.observe({
      kind: 'restore',
      restore: makeRestore({ status: 'ROLLED_BACK', validateOnly: false, ...times }),
    });
    expect(await samples()).to.include.members([
      'tillvault_backups_total{status="COMPLETED",trigger="MANUAL"} 1',
      'tillvault_backups_total{status="FAILED",trigger="SCHEDULE"} 1',
      'tillvault_backups_total{status="FAILED",trigger="MANUAL"} 0',
      'tillvault_restores_total{status="ROLLED_BACK",validate_only="false"} 1',
      'tillvault_backup_source_bytes_total 100',
      'tillvault_backup_stored_bytes_total 10',
      'tillvault_operation_duration_seconds_bucket{le="2.5",operation="backup",status="COMPLETED"} 0',
      'tillvault_operation_duration_seconds_bucket{le="5",operation="backup",status="COMPLETED"} 1',
      'tillvault_operation_duration_seconds_sum{operation="backup",status="COMPLETED"} 4',
    ]);
  });

  it('leave out what cannot be found out, count that, and go on with the rest', async () => {
    await samples();
    sources.storage = () => Promise.reject(new Error('gone'));
    const found = await samples();
    expect(found.filter((line) => line.startsWith('tillvault_storage_'))).to.deep.equal([]);
    expect(found).to.include.members([
      'tillvault_scrape_errors_total{source="storage"} 1',
      'tillvault_scrape_errors_total{source="alerts"} 0',
      'tillvault_jobs{state="running"} 1',
    ]);
  });

  it('leave out the free space where the storage cannot tell', async () => {
    sources.storage = async () => ({ usedBytes: 1, freeBytes: null, totalBytes: null });
    expect((await samples()).filter((line) => /storage_(free|total)/.test(line))).to.deep.equal([]);
  });

  it('are all listed in docs/monitoring.md, and no others', async () => {
    const { body } = await metrics.render();
    const { readFile } = await import('node:fs/promises');
    const text = await readFile('docs/monitoring.md', 'utf8');
    const served = [...body.matchAll(/^# TYPE (tillvault_\w+)/gm)].map(([, name]) => name);
    const documented = [...text.matchAll(/^\| `(tillvault_\w+)/gm)].map(([, name]) => name);
    expect(documented.toSorted()).to.deep.equal(served.toSorted());
  });
});
