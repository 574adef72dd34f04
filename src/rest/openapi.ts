/** The OpenAPI 3.1 document, written from the routes and the schemas that requests are checked with. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { RestRoute } from './route.js';
import { errorAnswer } from './schemas.js';

type Json = Record<string, unknown>;

/** Statuses that errors have, in the order of the document. */
const ERRORS = [400, 401, 403, 404, 405, 409, 413, 415, 500, 503, 507];
const TAGS = [
  { name: 'backups', description: 'Taking, listing, downloading and deleting backups.' },
  { name: 'restores', description: 'Restoring and validating backups.' },
  { name: 'description', description: 'What this API is.' },
];

/** The document about `routes`. */
export function describeRoutes(routes: readonly RestRoute[], { version }: { version: string }): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: describeRoute(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tillvault',
      version,
      summary: 'Backup and restore for point-of-sale systems',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'A token with the role ADMIN.',
        },
        link: {
          type: 'apiKey',
          in: 'query',
          name: 'signature',
          description: 'A link that GraphQL gave as `downloadUrl`; it lasts five minutes.',
        },
      },
      schemas: { ...toSchemas(listBodies(routes), 'input'), ...toSchemas(listAnswers(routes), 'output') },
    },
  };
}

function describeRoute(route: RestRoute): Json {
  const { operationId, summary, description, tag, body, serve } = route;
  const parameters = [...describePath(route), ...describeQuery(route), ...describePreferences(route)];
  return {
    operationId,
    summary,
    ...(description && { description }),
    tags: [tag],
    ...(serve.kind === 'download' && { security: [{ bearer: [] }, { link: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: jsonOf(body) } }),
    responses: { ...describeAnswers(route), ...describeErrors() },
  };
}

function describePath({ path }: RestRoute): Json[] {
  if (!path.includes('{id}')) return [];
  return [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
}

function describeQuery({ query }: RestRoute): Json[] {
  if (!query) return [];
  const shape: Record<string, z.ZodType> = query.shape;
  return Object.entries(shape).map(([name, field]) => {
    // What comes out of the check says what was meant: a number, a list, a time.
    const written = z.toJSONSchema(field, { io: 'output', unrepresentable: 'any' }) as Json;
    const { $schema: _, $defs: __, description, explode, ...schema } = written;
    return {
      name,
      in: 'query',
      ...(description !== undefined && { description }),
      ...(explode !== undefined && { explode }),
      schema: rename(schema),
    };
  });
}

function describePreferences({ takesPreferences }: RestRoute): Json[] {
  if (!takesPreferences) return [];
  return [
    {
      name: 'Prefer',
      in: 'header',
      description: '`respond-async`: do not wait (RFC 7240).',
      schema: { type: 'string' },
    },
    {
      name: 'Idempotency-Key',
      in: 'header',
      description: 'A second request with the same key gets what the first one made.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    },
  ];
}

function describeAnswers({ responses }: RestRoute): Json {
  const entries = Object.entries(responses).map(([status, { description, schema, mediaTypes = [] }]) => {
    const content = schema
      ? jsonOf(schema)
      : Object.fromEntries(
          mediaTypes.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]),
        );
    return [status, { description, content }];
  });
  return Object.fromEntries(entries);
}

function describeErrors(): Json {
  return Object.fromEntries(
    ERRORS.map((status) => [status, { description: STATUS_CODES[status], content: jsonOf(errorAnswer) }]),
  );
}

function jsonOf(schema: z.ZodType): Json {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${idOf(schema)}` } } };
}

function idOf(schema: z.ZodType): string {
  return String(schema.meta()?.id);
}

function listBodies(routes: readonly RestRoute[]): z.ZodType[] {
  return routes.flatMap(({ body }) => body ?? []);
}

function listAnswers(routes: readonly RestRoute[]): z.ZodType[] {
  return [
    errorAnswer,
    ...routes.flatMap((route) => Object.values(route.responses).flatMap(({ schema }) => schema ?? [])),
  ];
}

/** The schemas and those that they are made of, by name. */
function toSchemas(schemas: readonly z.ZodType[], io: 'input' | 'output'): Json {
  const named: Json = {};
  for (const schema of schemas) {
    const written = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Json;
    const parts = { ...(written.$defs as Json | undefined) };
    if (!(idOf(schema) in parts)) parts[idOf(schema)] = written;
    for (const [name, part] of Object.entries(parts)) named[name] = rename(part);
  }
  return named;
}

/** References between schemas as the document has them; names stand outside, not within. */
function rename(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rename);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, part]) => key !== '$schema' && key !== '$defs' && !(key === 'id' && typeof part === 'string'),
  );
  return Object.fromEntries(
    entries.map(([key, part]) => [
      key,
      key === '$ref' ? String(part).replace('#/$defs/', '#/components/schemas/') : rename(part),
    ]),
  );
}
