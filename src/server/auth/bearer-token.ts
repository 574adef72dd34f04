import { UnauthenticatedError } from '../../shared/errors.js';

const BEARER = /^bearer +([\w.~+/-]+=*) *$/i;

/**
 * The token in `authorization`, the value of an HTTP header or of the WebSocket's connection_init payload:
 * `Bearer <token>`, the scheme in any case.
 * @throws UnauthenticatedError when there is none
 */
export function parseBearerToken(authorization: unknown): string {
  if (authorization === undefined || authorization === null || authorization === '') {
    throw new UnauthenticatedError('A token is needed: send "Bearer <token>" as authorization, found none');
  }
  const token = typeof authorization === 'string' ? BEARER.exec(authorization)?.[1] : undefined;
  if (token === undefined) {
    throw new UnauthenticatedError('The authorization must have the form "Bearer <token>", found another');
  }
  return token;
}
