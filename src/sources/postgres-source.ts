import type { Client } from 'pg';
import type { Inspect } from './dump-source.js';
import { explainProgram } from './explain-program.js';
import { withPostgres } from './postgres-client.js';
import { describeFragile, describeLacks } from './postgres-lacks.js';
import { NEWEST_MAJOR, readServerVersion, startPgDump } from './postgres-programs.js';
import { readDatabase, readProperties } from './postgres-properties.js';
import type { ServerAddress } from './server-address.js';
import { findProgram, PROGRAM_NAMES } from './server-programs.js';

/**
 * Looks at a PostgreSQL database before `pg_dump` does. The dump is one file, `<database>.dump`, in the custom format:
 * schema, rows, sequences, large objects, routines, triggers. Roles belong to the server and are not in it.
 * @param folders where the configuration says that programs are
 */
export function inspectPostgres(address: ServerAddress, folders: readonly string[]): Inspect {
  return async () => {
    const { database } = address;
    const { version, sizeBytes, notices, lacks, properties } = await withPostgres(
      address,
      database,
      async (client) => ({
        version: await readServerVersion(client),
        ...(await measure(client)),
        lacks: [...(await describeLacks(client)), ...(await describeFragile(client))],
        properties: await readProperties(client, (await readDatabase(client, database))!),
      }),
    );
    if (version.major > NEWEST_MAJOR) {
      notices.push(
        `The server is PostgreSQL ${version.major}, newer than ${NEWEST_MAJOR}: try a restore of this backup`,
      );
    }
    const path = await findProgram({ names: PROGRAM_NAMES.postgresql.dump, server: version }, folders);
    const dump = {
      name: `${database.replaceAll('/', '_')}.dump`,
      start: (signal?: AbortSignal) => startPgDump(path, address, { database, ...(signal && { signal }) }),
      explain: explainProgram('pg_dump', `Database "${database}" cannot be dumped`),
    };
    return { sizeBytes, notices: [...notices, ...lacks], properties, dumps: [dump] };
  };
}

async function measure(client: Client): Promise<{ sizeBytes: number; notices: string[] }> {
  const { rows } = await client.query<{ size: string; foreign: string }>(
    `SELECT pg_database_size(current_database()) AS size, (SELECT count(*) FROM pg_foreign_table) AS foreign`,
  );
  const { size, foreign } = rows[0]!;
  const notice = `${foreign} tables of the database are foreign: their rows are on another server and not in the backup`;
  return { sizeBytes: Number(size), notices: foreign === '0' ? [] : [notice] };
}
