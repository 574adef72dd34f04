/**
 * Writes the schema of the API to `graphql/schema.graphql`, or with `--check` fails when that file is not
 * what it would write. Run from the project's folder after a build.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { emitSchema } from '../api/emit-schema.js';

const SCHEMA_FILE = 'graphql/schema.graphql';

const emitted = emitSchema();
if (!process.argv.includes('--check')) {
  await writeFile(SCHEMA_FILE, emitted);
} else if ((await readFile(SCHEMA_FILE, 'utf8')) !== emitted) {
  process.stderr.write(`${SCHEMA_FILE} is stale; run "npm run generate"\n`);
  process.exitCode = 1;
}
