import type { Logger } from 'pino';
import { readOrMakeInstanceId } from '../config/instance-id.js';
import { type Config, digestConfig } from '../config.js';
import { AuditAnchorFile } from '../db/audit-anchor-file.js';
import type { Metadata } from '../db/metadata.js';
import type { Engine } from '../engine/index.js';
import { Periodic } from '../jobs/periodic.js';
import { AuditService, asSystem } from '../services/audit-service.js';
import { recordEnd } from '../services/end-audit.js';
import type { OperationFeed } from '../services/operation-feed.js';
import { toAuditWitness } from '../services/snapshot-labels.js';
import type { Clock } from '../shared/clock.js';
import type { Random } from '../shared/random.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The audit log of a server, and what is done with it of itself. */
export interface Audit {
  service: AuditService;
  /** Opens the log. To be called when the repository is open, before anything is recorded. */
  open(): Promise<void>;
  /** Records the start of the server, and begins to remove what is too old. */
  begin(version: string): Promise<void>;
  /** Records the end of the server, and waits until everything is written. */
  close(): Promise<void>;
}

/** What the audit log is made from. */
export interface AuditDeps {
  metadata: Metadata;
  engine: Engine;
  feed: OperationFeed;
  logger: Logger;
  clock: Clock;
  random: Random;
}

/** Joins the audit log with the repository, whose key it is sealed with, and whose snapshots bear witness to it. */
export function createAudit(config: Config, deps: AuditDeps): Audit {
  const { metadata, engine, feed, logger, clock, random } = deps;
  const onFailure = (error: unknown, id?: string) =>
    logger.error({ err: error, id }, 'The audit log could not be written');
  const anchor = new AuditAnchorFile(config.dataDir, { onFailure });
  const serverId = readOrMakeInstanceId(config.dataDir, random);
  const witnesses = async () =>
    (await engine.listSnapshots()).flatMap((each) => toAuditWitness(each, serverId) ?? []);
  const service = new AuditService({ audit: metadata.audit, anchor, serverId, witnesses, clock, random });
  feed.observeEnds((change) => recordEnd(change, { audit: service, onFailure }));
  const trimming = new Periodic(
    async () => {
      await service.trim(config.auditRetentionDays);
    },
    { everyMs: DAY_MS, onFailure },
  );
  let hasBegun = false;
  return {
    service,
    open: async () => service.open(await engine.deriveKey('audit')),
    begin: async (version) => {
      // Which secrets were made just now is news of this start, not a part of the configuration.
      const settings = { ...config, generatedSecrets: [] };
      const detail = `version ${version}, configuration sha256:${digestConfig(settings)}`;
      await service.record(asSystem('server.start', { detail }));
      hasBegun = true;
      trimming.start();
    },
    close: async () => {
      await trimming.close();
      // The server ends all the same; a start without an end before it shows in the log.
      if (hasBegun) await service.record(asSystem('server.stop')).catch(onFailure);
      await service.close();
    },
  };
}
