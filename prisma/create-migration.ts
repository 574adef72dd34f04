/**
 * Writes the next migration of both databases from what changed in models.prisma since the last one.
 * Run by `npm run create-migration -- <name>`; needs no network and no database.
 * `migrations/models.prisma` is the state that the migrations lead to; a test fails when it differs from the models.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diffSchemas, openSchemaComparer, type SchemaFile } from '../src/db/schema-engine.ts';

const here = import.meta.dirname;
const snapshot = join(here, 'migrations', 'models.prisma');
const name = process.argv[2];
if (name === undefined || !/^[a-z][a-z0-9_]*$/.test(name)) {
  throw new Error(
    'Name the migration in lower case with underscores, such as: npm run create-migration -- add_schedules',
  );
}
const moment = new Date()
  .toISOString()
  .replaceAll(/[^0-9]/g, '')
  .slice(0, 14);

function read(path: string): SchemaFile {
  return { path, content: readFileSync(path, 'utf8') };
}

let changed = false;
for (const provider of ['sqlite', 'postgresql'] as const) {
  const header = read(join(here, `${provider}.prisma`));
  const to = [header, read(join(here, 'models.prisma'))];
  const from = existsSync(snapshot) ? [header, read(snapshot)] : [];
  const engine = await openSchemaComparer(provider, to);
  const sql = await diffSchemas(engine, from, to);
  await engine.close();
  if (!/^[A-Z]/m.test(sql)) continue;
  changed = true;
  const folder = join(here, 'migrations', provider, `${moment}_${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'migration.sql'), sql);
  writeFileSync(join(here, 'migrations', provider, 'migration_lock.toml'), `provider = "${provider}"\n`);
  process.stdout.write(`Wrote ${folder}\n`);
}
if (changed) writeFileSync(snapshot, readFileSync(join(here, 'models.prisma')));
else process.stdout.write('The models have not changed since the last migration\n');
