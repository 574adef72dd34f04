/**
 * The REST API, whole: routes with their schemas, the OpenAPI document, and how errors are told. It is thin: every
 * route calls the services that GraphQL calls. Knows nothing of the transport (`server/rest`).
 */
import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import type { DownloadService } from '../services/download-service.js';
import { type BackupRoutesDeps, createBackupRoutes } from './backup-routes.js';
import { FailedOperation } from './failed-operation.js';
import { downloadQuery, parseInput, toComponents, upper } from './inputs.js';
import { describeRoutes } from './openapi.js';
import { createRestoreRoutes, type RestoreRoutesDeps } from './restore-routes.js';
import type { DownloadQuery, RestRoute } from './route.js';
import { type errorAnswer, openApiAnswer } from './schemas.js';

export type { Download, DownloadName } from '../services/download-service.js';

/** What the REST API works with. */
export interface RestDeps extends BackupRoutesDeps, Omit<RestoreRoutesDeps, 'progress'> {
  progress: BackupRoutesDeps['progress'] & RestoreRoutesDeps['progress'];
  downloads: Pick<DownloadService, 'identify' | 'describe' | 'begin'>;
}

/** What a transport serves. */
export interface RestApi {
  routes: readonly RestRoute[];
  downloads: RestDeps['downloads'];
  /** False: only administrators may see the OpenAPI document. */
  isDescriptionOpen: boolean;
  /** Body of an error's answer. */
  toErrorBody(error: unknown, formatted: FormattedProblem, status: number): z.output<typeof errorAnswer>;
}

/** An error as it was made fit for the outside. */
export interface FormattedProblem {
  message: string;
  extensions: { code: string; details: Record<string, unknown> };
}

/**
 * Builds the REST API over `deps`.
 * @param options.production tells no stack traces, and the OpenAPI document to administrators only
 */
export function createRestApi(deps: RestDeps, options: { production: boolean; version: string }): RestApi {
  const described = [...createBackupRoutes(deps), ...createRestoreRoutes(deps)];
  const routes: RestRoute[] = [
    ...described,
    {
      method: 'GET',
      path: '/api/openapi.json',
      operationId: 'describeApi',
      summary: 'This document',
      description: 'In production for administrators only, as the schema of GraphQL.',
      tag: 'description',
      query: null,
      body: null,
      responses: { 200: { description: 'The document.', schema: openApiAnswer } },
      serve: { kind: 'json', handle: async () => ({ status: 200, body: document }) },
    },
  ];
  const document = describeRoutes(routes, options);
  return {
    routes,
    downloads: deps.downloads,
    isDescriptionOpen: !options.production,
    toErrorBody: (error, formatted, status) => describeError(error, formatted, { status, ...options }),
  };
}

/** What a download's query asks for. @throws InvalidInputError listing everything that is wrong */
export function parseDownloadQuery(query: unknown): DownloadQuery {
  const {
    format,
    components,
    paths = null,
    subject,
    expires,
    signature,
  } = parseInput(downloadQuery, query, 'query');
  const isLink = subject !== undefined && expires !== undefined && signature !== undefined;
  return {
    format: upper(format),
    components: toComponents(components),
    paths,
    link: isLink ? { subject, expires, signature } : null,
  };
}

function describeError(
  error: unknown,
  { message, extensions: { code, details } }: FormattedProblem,
  { status, production }: { status: number; production: boolean },
): z.output<typeof errorAnswer> {
  const { problems, incident } = details;
  return {
    error: STATUS_CODES[status] ?? 'Error',
    message:
      incident === undefined ? message : `${message} (incident ${String(incident)} in the server's log)`,
    code: typeof details.reason === 'string' ? details.reason : code,
    ...(Array.isArray(problems) && { problems: problems.map(String) }),
    ...(error instanceof FailedOperation && error.shown),
    ...(!production && error instanceof Error && { details: error.stack ?? error.message }),
  };
}
