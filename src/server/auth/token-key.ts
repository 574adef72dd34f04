import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Algorithm } from 'jsonwebtoken';
import type { JwksClient } from 'jwks-rsa';
import { AppError, InvalidInputError, UnauthenticatedError } from '../../shared/errors.js';

/** Where the key comes from that tokens are checked with; the configuration's `jwt.key` is one. */
export type TokenKeySource =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'publicKey'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string };

/** A key and the only algorithms that may be used with it. */
export interface TokenKey {
  key: string | KeyObject;
  algorithms: Algorithm[];
}

/** Finds the key for a token whose header names `keyId` (or names none). */
export type TokenKeyFinder = (keyId: string | undefined) => Promise<TokenKey>;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Algorithms by the kind of key, RFC 7518 §3.1. What is missing here cannot be verified. */
const RSA: Algorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const BY_CURVE: Record<string, Algorithm[]> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};

/**
 * Opens `source`. An algorithm is pinned by the kind of key, never taken from the token, so that nobody can
 * pass off a public key as a shared secret.
 * @throws InvalidInputError when a PEM holds no RSA or EC public key
 */
export function openTokenKey(source: TokenKeySource): TokenKeyFinder {
  if (source.kind === 'jwks') return openJwks(source.url);
  const key = source.kind === 'secret' ? secretKey(source.secret) : publicKey(source.pem);
  return () => Promise.resolve(key);
}

function secretKey(secret: string): TokenKey {
  return { key: secret, algorithms: ['HS256', 'HS384', 'HS512'] };
}

function publicKey(pem: string): TokenKey {
  const key = parsePublicKey(pem);
  const algorithms = key && algorithmsOf(key);
  if (!algorithms) throw new InvalidInputError('JWT_PUBLIC_KEY must be an RSA or EC public key in PEM form');
  return { key, algorithms };
}

function parsePublicKey(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch {
    // The reason given by OpenSSL may quote the key; the caller's message says all that helps.
    return null;
  }
}

function algorithmsOf(key: KeyObject): Algorithm[] | null {
  if (key.asymmetricKeyType === 'rsa') return RSA;
  if (key.asymmetricKeyType === 'rsa-pss') return RSA.slice(3);
  return BY_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? null;
}

/** Keys are kept for 10 minutes; unknown key ids cause at most 10 requests a minute, so strangers cannot cause more. */
function openJwks(jwksUri: string): TokenKeyFinder {
  let opening: Promise<JwksClient> | undefined;
  return async (keyId) => {
    opening ??= createJwksClient(jwksUri);
    const client = await opening;
    const found = await client.getSigningKey(keyId).catch((error: unknown) => {
      throw describeJwksFailure(error);
    });
    const { key, algorithms } = publicKey(found.getPublicKey());
    const declared = algorithms.filter((algorithm) => found.alg === undefined || found.alg === algorithm);
    return { key, algorithms: declared };
  };
}

/** The package is loaded with the first token: a server with a key of its own never needs it. */
async function createJwksClient(jwksUri: string): Promise<JwksClient> {
  const { JwksClient } = await import('jwks-rsa');
  return new JwksClient({
    jwksUri,
    cache: true,
    cacheMaxAge: 10 * MINUTE,
    rateLimit: true,
    jwksRequestsPerMinute: 10,
    timeout: 5 * SECOND,
  });
}

function describeJwksFailure(cause: unknown): AppError {
  // By its name: the class itself is not loaded here.
  if (cause instanceof Error && cause.name === 'SigningKeyNotFoundError') {
    return new UnauthenticatedError('The token is signed with a key that is not known; sign in again', {
      cause,
    });
  }
  return new AppError(
    'SERVICE_UNAVAILABLE',
    'The keys to check tokens with cannot be fetched at the moment',
    {
      cause,
      retryable: true,
    },
  );
}
