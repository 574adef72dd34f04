import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { AppError } from '../shared/errors.js';
import { buildDeclaredSchema } from './schema.js';

const HEADER = `# The GraphQL API of this server, written by "npm run generate:schema". Do not edit.\n\n`;

/** The schema as text, with descriptions and directives; the same for the same code. */
export function emitSchema(): string {
  const schema = buildDeclaredSchema({
    backups: SILENT,
    restores: SILENT,
    downloads: SILENT,
    schedules: SILENT,
    cleanup: SILENT,
    checks: SILENT,
    repository: SILENT,
    audit: SILENT,
    health: SILENT,
    storage: SILENT,
    alerts: SILENT,
  });
  return `${HEADER}${printSchemaWithDirectives(schema)}\n`;
}

// Printing a schema runs none of its resolvers, so what stands behind them is never called.
const refuse = () => {
  throw new AppError('INTERNAL_SERVER_ERROR', 'A schema that is only printed was asked to resolve');
};
const SILENT = {
  list: refuse,
  get: refuse,
  findAll: refuse,
  create: refuse,
  delete: refuse,
  deleteAll: refuse,
  cancel: refuse,
  pin: refuse,
  confirm: refuse,
  update: refuse,
  run: refuse,
  nextRuns: refuse,
  lastBackup: refuse,
  start: refuse,
  latest: refuse,
  coverage: refuse,
  record: refuse,
  verify: refuse,
  check: refuse,
  status: refuse,
  close: refuse,
  findDelivery: refuse,
  createLink: refuse,
};
