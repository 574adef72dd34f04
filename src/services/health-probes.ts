/** The parts of a server whose health can be told. */
import type { AlertRepository } from '../db/alert-repository.js';
import type { AuditRepository } from '../db/audit-repository.js';
import type { BackupRepository } from '../db/backup-repository.js';
import type { Engine } from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import { printBytes } from '../shared/bytes.js';
import type { Clock } from '../shared/clock.js';
import { COMPONENTS } from '../shared/component.js';
import type { HealthProbe, HealthStatus } from './health-service.js';
import type { StorageService } from './storage-service.js';
import type { TillGate } from './till-gate.js';

/** What the probes ask. */
export interface HealthProbeDeps {
  ping(): Promise<void>;
  engine: Pick<Engine, 'deriveKey'>;
  storage: Pick<StorageService, 'measure'>;
  queue: Pick<JobQueue, 'load'>;
  gate: Pick<TillGate, 'reason'>;
  backups: Pick<BackupRepository, 'findNewestGood'>;
  alerts: Pick<AlertRepository, 'count'>;
  audit: Pick<AuditRepository, 'findHead'>;
  clock: Clock;
}

/** From where on a part is not well. */
export interface HealthLimits {
  /** Free space, in percent of all; 0: none. */
  minFreePercent: number;
  /** Age of the newest good backup; null: none. */
  maxAgeMs: number | null;
}

const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;
/** How far the audit log may be ahead of the clock: servers that share it differ a little. */
const CLOCK_SLACK_MS = 5 * 60 * 1_000;
const LONG_QUEUE = 50;

/** Every probe of the server itself. */
export function createHealthProbes(deps: HealthProbeDeps, limits: HealthLimits): HealthProbe[] {
  return [
    probe('metadata', async () => {
      await deps.ping();
      return ['OK', 'The metadata database answers'];
    }),
    // Any key will do: that one is given shows that the thread is alive and has opened the repository.
    probe('engine', async () => {
      await deps.engine.deriveKey('health');
      return ['OK', 'The engine answers, and its repository is open'];
    }),
    probe('storage', (signal) => checkStorage(deps, limits, signal)),
    probe('till', async () => {
      const { reason } = deps.gate;
      return reason === null
        ? ['OK', 'No restore is half done']
        : ['DOWN', `An interrupted restore is still to be undone or finished: ${reason}`];
    }),
    probe('queue', async () => {
      const { running, waiting } = deps.queue.load;
      return [waiting > LONG_QUEUE ? 'DEGRADED' : 'OK', `${running} running, ${waiting} waiting`];
    }),
    { name: 'backups', check: () => checkBackups(deps, limits) },
    probe('alerts', () => checkAlerts(deps)),
    probe('clock', () => checkClock(deps)),
  ];
}

type Finding = [HealthStatus, string];

function probe(name: string, find: (signal: AbortSignal) => Promise<Finding>): HealthProbe {
  return {
    name,
    check: async (signal) => {
      const [status, message] = await find(signal);
      return [{ name, status, message }];
    },
  };
}

async function checkStorage(
  { storage }: HealthProbeDeps,
  { minFreePercent }: HealthLimits,
  signal: AbortSignal,
): Promise<Finding> {
  const { freeBytes, totalBytes } = await storage.measure({ signal });
  if (freeBytes === null || totalBytes === null) return ['OK', 'The storage can be written'];
  const isLow = freeBytes < (totalBytes * minFreePercent) / 100;
  return [isLow ? 'DEGRADED' : 'OK', `The storage can be written, ${printBytes(freeBytes)} are free`];
}

async function checkBackups({ backups, clock }: HealthProbeDeps, { maxAgeMs }: HealthLimits) {
  const good = await backups.findNewestGood();
  return COMPONENTS.map((component) => {
    const name = `backup.${component.toLowerCase()}`;
    const newest = good.get(component);
    if (newest === undefined)
      return { name, status: 'DEGRADED' as const, message: 'There is no good backup yet' };
    const ageMs = clock.now().getTime() - newest.getTime();
    const isOld = maxAgeMs !== null && ageMs > maxAgeMs;
    const message = `The newest good backup is ${(ageMs / HOUR_MS).toFixed(1)} hours old`;
    return { name, status: isOld ? ('DEGRADED' as const) : ('OK' as const), message };
  });
}

async function checkAlerts({ alerts, clock }: HealthProbeDeps): Promise<Finding> {
  const { open, pending, abandoned } = await alerts.count(new Date(clock.now().getTime() - 7 * DAY_MS));
  const isWell = open === 0 && abandoned === 0;
  const message = `${open} open; ${pending} to be told, ${abandoned} given up in the last 7 days`;
  return [isWell ? 'OK' : 'DEGRADED', message];
}

/** A clock that was set back makes backups look younger than they are, and lets tokens live again. */
async function checkClock({ audit, clock }: HealthProbeDeps): Promise<Finding> {
  const last = await audit.findHead();
  const aheadMs = (last?.at.getTime() ?? 0) - clock.now().getTime();
  return aheadMs > CLOCK_SLACK_MS
    ? ['DEGRADED', `The audit log is ${Math.round(aheadMs / 60_000)} minutes ahead: the clock was set back`]
    : ['OK', 'The clock goes on from where the audit log is'];
}
