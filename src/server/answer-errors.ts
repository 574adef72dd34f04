import type { ErrorRequestHandler, Response } from 'express';
import type { Api } from '../api/schema.js';
import { InvalidInputError } from '../shared/errors.js';

/** Sends `error` in the shape of a GraphQL answer, with its own HTTP status or the one given. */
export function answerError(
  api: Pick<Api, 'formatError' | 'statusOf'>,
  response: Response,
  { error, status }: { error: unknown; status?: number },
): void {
  const formatted = api.formatError(error);
  const code = status ?? api.statusOf([formatted]);
  if (code === 401) response.set('WWW-Authenticate', 'Bearer');
  response.status(code).json({ errors: [formatted] });
}

/** What the body parser found wrong, by its `type`. */
const BODY_PROBLEMS: Readonly<Record<string, string>> = {
  'entity.too.large': 'The request body is larger than this server accepts; ask for less at once',
  'entity.parse.failed': 'The request body must be a JSON object, found text that is not JSON',
  'encoding.unsupported': 'The request body must be plain, gzip, deflate or br, found another encoding',
  'charset.unsupported': 'The request body must be UTF-8, found another character set',
  'request.size.invalid': 'The request body must be as long as its Content-Length says',
  'request.aborted': 'The request ended before its body was complete',
};

/** Answers whatever was thrown on the way of an HTTP request, in the shape of a GraphQL answer. */
export function answerErrors(api: Pick<Api, 'formatError' | 'statusOf'>): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const problem = toBodyProblem(error);
    answerError(api, response, problem ? { error: problem, status: problem.status } : { error });
  };
}

/** A request that HTTP itself has a status for. */
export class RequestProblem extends InvalidInputError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the body parser threw, made fit for the caller; null for any other error. */
export function toBodyProblem(error: unknown): RequestProblem | null {
  if (!(error instanceof Error)) return null;
  const { type, status } = error as Error & { type?: unknown; status?: unknown };
  if (typeof status !== 'number' || status < 400 || status > 499) return null;
  const message = typeof type === 'string' ? BODY_PROBLEMS[type] : undefined;
  return new RequestProblem(status, message ?? 'The request body cannot be read');
}
