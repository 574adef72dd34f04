/** What a REST route is: data that the transport serves and the OpenAPI document is written from. */
import type { z } from 'zod';
import type { DownloadRequest } from '../shared/download.js';
import type { Actor } from '../shared/operation.js';

/** A request as a route is given it: let in, and in the form that the route's schemas say. */
export interface RestCall {
  actor: Actor;
  /** The `{id}` of the path; empty where there is none. */
  id: string;
  query: unknown;
  body: unknown;
  /** `Prefer: respond-async`. */
  prefersAsync: boolean;
  idempotencyKey: string | null;
  /** Aborts when the client has left or the server ends. */
  signal: AbortSignal;
}

/** What a route answers with. */
export interface RestAnswer {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

/** One kind of answer of a route. */
export interface RestResponse {
  description: string;
  /** Its name in the OpenAPI document is its `id`; null: see `mediaTypes`. */
  schema: z.ZodType | null;
  /** Of an answer that is no JSON. */
  mediaTypes?: readonly string[];
}

/** A route and everything that the world is told of it. */
export interface RestRoute {
  method: 'GET' | 'POST' | 'DELETE';
  /** Such as `/api/backup/{id}`. */
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  tag: 'backups' | 'restores' | 'description';
  /** Query parameters. */
  query: z.ZodObject | null;
  body: z.ZodType | null;
  /** Takes `Prefer` and `Idempotency-Key`. */
  takesPreferences?: boolean;
  /** By status, without the errors that any route may answer with. */
  responses: Readonly<Record<number, RestResponse>>;
  serve: { kind: 'json'; handle(call: RestCall): Promise<RestAnswer> } | { kind: 'download' };
}

/** A download as its query asks for it, and the claims of a link when it is one. */
export interface DownloadQuery extends Omit<DownloadRequest, 'backupId'> {
  link: { subject: string; expires: number; signature: string } | null;
}
