import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import {
  AppError,
  type ContractCode,
  type ErrorDetails,
  HTTP_STATUS,
  toContractCode,
} from '../shared/errors.js';
import type { Random } from '../shared/random.js';

/** An error as the contract shapes it; `extensions` always holds `code` and `details`. */
export interface FormattedError extends GraphQLFormattedError {
  extensions: { code: ContractCode; details: ErrorDetails };
}

/** Turns anything thrown into what the caller is told. Total: it never throws. */
export type ErrorFormatter = (error: unknown) => FormattedError;

/** Codes by which Apollo Server marks requests that are wrong in themselves. */
const REQUEST_CODES: ReadonlySet<unknown> = new Set([
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/**
 * The one place that knows both Tillvault's errors and GraphQL's; both transports call it.
 *
 * - `AppError`: its message, the contract's code for it, and its finer code as `details.reason`.
 * - Syntax, validation and variables: BAD_USER_INPUT, with GraphQL's message.
 * - Anything else: "Internal server error" and an incident id, under which the original is in the log.
 *
 * @param options.hideSuggestions leaves out GraphQL's "Did you mean …", which gives the schema away
 */
export function createErrorFormatter(
  deps: { logger: Logger; random: Pick<Random, 'uuid'> },
  options: { hideSuggestions: boolean },
): ErrorFormatter {
  const describe = (error: unknown): FormattedError => {
    const chain = unwrap(error);
    const appError = chain.find((link) => link instanceof AppError);
    if (appError) {
      const formatted = describeAppError(appError);
      if (isServerFault(formatted)) deps.logger.warn({ err: appError }, 'API operation failed');
      return withPlace(error, formatted);
    }
    if (isRequestError(chain)) return withPlace(error, describeRequestError(chain[0] as Error, options));
    const incident = deps.random.uuid();
    deps.logger.error({ err: chain.at(-1), incident }, 'Unexpected error in an API operation');
    return withPlace(error, internalError({ incident }));
  };
  return (error) => {
    try {
      return describe(error);
    } catch {
      // Only a logger or an error object that itself throws leads here; the caller still gets an answer.
      return internalError({});
    }
  };
}

/** HTTP status of an answer that holds `errors`: that of the first one. */
export function statusOf(errors: readonly GraphQLFormattedError[]): number {
  const code = errors[0]?.extensions?.code as ContractCode | undefined;
  return code === undefined ? 200 : (HTTP_STATUS[code] ?? HTTP_STATUS.INTERNAL_SERVER_ERROR);
}

/** `error` and what it was made from, outermost first; at most 10 links, in case they form a circle. */
function unwrap(error: unknown): unknown[] {
  const chain = [error];
  while (chain.length < 10) {
    const last = chain.at(-1);
    if (!(last instanceof GraphQLError) || !last.originalError) break;
    chain.push(last.originalError);
  }
  return chain;
}

/**
 * True for what GraphQL itself found wrong with the request: errors without a place in the answer, and
 * arguments refused while resolving, which point at the argument in the document.
 */
function isRequestError(chain: readonly unknown[]): boolean {
  if (chain.some((link) => link instanceof GraphQLError && REQUEST_CODES.has(link.extensions.code)))
    return true;
  const innermost = chain.at(-1);
  if (!(innermost instanceof GraphQLError)) return false;
  return chain.length > 1 ? Boolean(innermost.nodes?.length) : innermost.path === undefined;
}

/** True for what an operator should hear of, though the caller is told all that helps him. */
function isServerFault({ extensions: { code } }: FormattedError): boolean {
  return HTTP_STATUS[code] >= 500;
}

function describeAppError(error: AppError): FormattedError {
  const code = toContractCode(error.code);
  const details = code === error.code ? error.details : { ...error.details, reason: error.code };
  return { message: error.message, extensions: { code, details } };
}

function describeRequestError(
  error: Error,
  { hideSuggestions }: { hideSuggestions: boolean },
): FormattedError {
  const message = hideSuggestions ? error.message.replace(/ ?Did you mean .*$/s, '') : error.message;
  return { message, extensions: { code: 'BAD_USER_INPUT', details: {} } };
}

function internalError(details: ErrorDetails): FormattedError {
  return { message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR', details } };
}

function withPlace(error: unknown, formatted: FormattedError): FormattedError {
  if (!(error instanceof GraphQLError)) return formatted;
  const { locations, path } = error;
  return {
    message: formatted.message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: formatted.extensions,
  };
}
