/** Chooses what captures and restores a database on a server, by the kind of server. */
import type { Source, Target } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { DumpSource } from './dump-source.js';
import { DumpTarget } from './dump-target.js';
import { MysqlPlace } from './mysql-place.js';
import { inspectMysql } from './mysql-source.js';
import { PostgresPlace } from './postgres-place.js';
import { inspectPostgres } from './postgres-source.js';
import { parseServerAddress, type ServerAddress } from './server-address.js';
import type { ServerPlace } from './server-place.js';

/** A database on a server, as the configuration names it. */
export interface ServerSettings {
  kind: 'postgresql' | 'mysql';
  /** Holds a password: never logged, never in a message. */
  url: string;
}

/** What belongs to every use of a server. */
export interface ServerOptions {
  /** Folders of programs, looked into before the usual ones. */
  programFolders: readonly string[];
  /** For what a program must read from a file; mode 0700. Nothing stays there. */
  tempDir: string;
}

/** @throws SourceError when the URL cannot be understood */
export function createServerSource(
  { kind, url }: ServerSettings,
  options: ServerOptions & { clock: Clock },
): Source {
  const address = parseServerAddress(kind, url);
  const inspect =
    kind === 'postgresql' ? inspectPostgres(address, options.programFolders) : inspectMysql(address, options);
  return new DumpSource(address, inspect, options.clock);
}

/** @throws SourceError when the URL cannot be understood */
export function createServerTarget({ kind, url }: ServerSettings, options: ServerOptions): Target {
  const address = parseServerAddress(kind, url);
  return new DumpTarget(address, (restoreId) => placeOf(address, restoreId, options));
}

function placeOf(
  address: ServerAddress,
  restoreId: string,
  { programFolders, tempDir }: ServerOptions,
): ServerPlace {
  return address.kind === 'postgresql'
    ? new PostgresPlace(address, restoreId, programFolders)
    : new MysqlPlace(address, restoreId, { programFolders, tempDir });
}
