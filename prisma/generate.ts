/**
 * Makes the Prisma clients in src/db/generated, one per database, from the one set of models.
 * Run by `npm run generate:prisma`; needs no network.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '..');
const output = join(root, 'src', 'db', 'generated');

mkdirSync(output, { recursive: true });
for (const provider of ['sqlite', 'postgresql']) {
  const schema = join(output, `${provider}.prisma`);
  const parts = [`${provider}.prisma`, 'models.prisma'].map((file) => readFileSync(join(here, file), 'utf8'));
  writeFileSync(schema, parts.join('\n'));
  const cli = join(root, 'node_modules', 'prisma', 'build', 'index.js');
  const config = join(here, 'prisma.config.ts');
  execFileSync(process.execPath, [cli, 'generate', '--config', config, '--schema', schema, '--no-hints'], {
    cwd: root,
    stdio: 'pipe',
    // `generate` never runs a schema engine, but downloads one unless any executable is named.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
  });
}
