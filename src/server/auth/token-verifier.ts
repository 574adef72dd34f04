import jwt, { type JwtPayload } from 'jsonwebtoken';
import type { Clock } from '../../shared/clock.js';
import { UnauthenticatedError } from '../../shared/errors.js';
import { ROLES, type Role } from '../../shared/operation.js';
import { openTokenKey, type TokenKey, type TokenKeySource } from './token-key.js';

/** What a token that can be trusted says. */
export interface VerifiedToken {
  subject: string;
  role: Role;
  /** Instant from which the token counts no more, tolerance included. */
  expiresAt: Date;
}

/** Tells tokens that can be trusted from others. */
export interface TokenVerifier {
  /**
   * @throws UnauthenticatedError saying what is wrong with the token, without repeating it
   * @throws AppError SERVICE_UNAVAILABLE when the keys cannot be fetched
   */
  verify(token: string): Promise<VerifiedToken>;
}

/** What tokens must say besides being signed. */
export interface TokenRules {
  /** The only `iss` accepted; absent or null: any. */
  issuer?: string | null;
  /** One of the `aud` of the token; absent or null: any. */
  audience?: string | null;
  clock: Clock;
  /** How far the clock of whoever signs may be off, in seconds; default 0. */
  clockToleranceSeconds?: number;
}

/** Longer tokens than this many characters are refused unread. */
const MAX_TOKEN_LENGTH = 8_192;

/** Year 9999; later instants are no dates any more. */
const MAX_EXP_SECONDS = 253_402_300_800;

/** What jsonwebtoken says, and what the caller is told. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/signature is required/, 'The token must be signed, found one without a signature'],
  [/invalid algorithm/, 'The token is signed with an algorithm that does not go with the key of this server'],
  [/invalid signature/, 'The signature of the token does not match the key of this server'],
  [/issuer invalid/, 'The issuer (iss) of the token is not the one that this server trusts'],
  [/audience invalid/, 'The audience (aud) of the token is not this server'],
];

/**
 * Verifies JSON Web Tokens (RFC 7519). `exp`, `sub` (not empty) and `role` (one of ROLES) must be there;
 * `nbf`, `iss` and `aud` are honoured.
 * @throws InvalidInputError when `source` holds no usable key
 */
export function createTokenVerifier(source: TokenKeySource, rules: TokenRules): TokenVerifier {
  const findKey = openTokenKey(source);
  return {
    async verify(token) {
      if (token.length > MAX_TOKEN_LENGTH) {
        throw new UnauthenticatedError(`The token must have at most ${MAX_TOKEN_LENGTH} characters`);
      }
      const key = await findKey(readKeyId(token));
      return readClaims(verifySignature(token, key, rules), rules);
    },
  };
}

function readKeyId(token: string): string | undefined {
  const header = decode(token)?.header;
  if (!header) throw malformed();
  return header.kid;
}

function decode(token: string): jwt.Jwt | null {
  try {
    return jwt.decode(token, { complete: true });
  } catch {
    // jsonwebtoken throws for some malformed tokens and answers null for others: both are no token.
    return null;
  }
}

function verifySignature(token: string, { key, algorithms }: TokenKey, rules: TokenRules): JwtPayload {
  try {
    const payload = jwt.verify(token, key, {
      algorithms,
      issuer: rules.issuer ?? undefined,
      audience: rules.audience ?? undefined,
      clockTolerance: toleranceSeconds(rules),
      clockTimestamp: Math.floor(rules.clock.now().getTime() / 1_000),
    });
    if (typeof payload === 'string') throw malformed();
    return payload;
  } catch (error) {
    throw error instanceof UnauthenticatedError ? error : describeFailure(error);
  }
}

function describeFailure(cause: unknown): UnauthenticatedError {
  if (cause instanceof jwt.TokenExpiredError) {
    return new UnauthenticatedError(`The token expired at ${cause.expiredAt.toISOString()}; sign in again`);
  }
  if (cause instanceof jwt.NotBeforeError) {
    return new UnauthenticatedError(`The token is not valid before ${cause.date.toISOString()}`);
  }
  const text = cause instanceof Error ? cause.message : '';
  const reason = REASONS.find(([pattern]) => pattern.test(text))?.[1];
  return reason === undefined ? malformed() : new UnauthenticatedError(reason);
}

function malformed(): UnauthenticatedError {
  return new UnauthenticatedError('The token is not a JSON Web Token that this server can read');
}

function readClaims({ exp, sub, role }: JwtPayload, rules: TokenRules): VerifiedToken {
  if (typeof exp !== 'number' || !(exp < MAX_EXP_SECONDS))
    throw missing('exp', 'the instant at which it expires');
  if (typeof sub !== 'string' || sub.trim() === '') throw missing('sub', 'who it was made for');
  const known = ROLES.find((candidate) => candidate === role);
  if (!known) throw missing('role', `one of ${ROLES.join(', ')}`);
  const expiresAt = new Date((exp + toleranceSeconds(rules)) * 1_000);
  return { subject: sub, role: known, expiresAt };
}

function toleranceSeconds(rules: TokenRules): number {
  return rules.clockToleranceSeconds ?? 0;
}

function missing(claim: string, meaning: string): UnauthenticatedError {
  return new UnauthenticatedError(`The token must say ${claim}, ${meaning}`);
}
