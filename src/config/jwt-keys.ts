import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { describeProblem, quoteValue } from './config-error.js';
import type { Environment, Settings } from './settings.js';

/** What tokens are checked with. The algorithms that are allowed follow from the kind of key. */
export type JwtKey =
  | { readonly kind: 'secret'; readonly secret: string }
  /** PEM (SPKI) of an RSA key of at least 2048 bits, or of an EC key on P-256, P-384 or P-521. */
  | { readonly kind: 'publicKey'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string };

/** How tokens are checked. */
export interface JwtSettings {
  readonly key: JwtKey;
  /** The `iss` that a token must carry; null: any. */
  readonly issuer: string | null;
  /** The `aud` that a token must carry; null: any. */
  readonly audience: string | null;
}

const VARIABLES = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URL'] as const;
const MIN_RSA_BITS = 2048;
const CURVES: readonly string[] = ['prime256v1', 'secp384r1', 'secp521r1'];
const EXPECTED_PUBLIC_KEY =
  'an RSA public key of at least 2048 bits or an EC public key on P-256, P-384 or P-521, as PEM text or the path of a PEM file';

/**
 * Finds the one key that tokens are checked with.
 * @returns null when none is set, or when what is set is a problem
 */
export function readJwtKey(
  environment: Environment,
  settings: Settings,
  { cwd, problems }: { cwd: string; problems: string[] },
): JwtKey | null {
  const given = VARIABLES.filter((variable) => (environment[variable] ?? '') !== '');
  if (given.length > 1) {
    problems.push(describeProblem(VARIABLES.join(', '), 'exactly one of the three', given.join(' and ')));
    return null;
  }
  if (settings.JWT_SECRET !== undefined) return { kind: 'secret', secret: settings.JWT_SECRET };
  if (settings.JWT_JWKS_URL !== undefined) return { kind: 'jwks', url: settings.JWT_JWKS_URL };
  return settings.JWT_PUBLIC_KEY === undefined ? null : readPublicKey(settings.JWT_PUBLIC_KEY, cwd, problems);
}

/** True when one of the variables that hold a key is set, right or wrong. */
export function isJwtKeyGiven(environment: Environment): boolean {
  return VARIABLES.some((variable) => (environment[variable] ?? '') !== '');
}

function readPublicKey(value: string, cwd: string, problems: string[]): JwtKey | null {
  const refuse = (found: string): null => {
    problems.push(describeProblem('JWT_PUBLIC_KEY', EXPECTED_PUBLIC_KEY, found));
    return null;
  };
  const pem = value.includes('-----BEGIN') ? value.replaceAll('\\n', '\n') : readPemFile(value, cwd);
  if (pem === null) return refuse(`${quoteValue(value)}, which cannot be read`);
  if (pem.includes('PRIVATE KEY')) return refuse('a private key: only the public one belongs here');
  const key = parsePublicKey(pem);
  if (key === null) return refuse('something else');
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength < MIN_RSA_BITS) return refuse(`an RSA key of ${modulusLength} bits`);
    return { kind: 'publicKey', pem: exportPem(key) };
  }
  if (key.asymmetricKeyType === 'ec' && CURVES.includes(namedCurve ?? ''))
    return { kind: 'publicKey', pem: exportPem(key) };
  return refuse(
    `a key of type ${key.asymmetricKeyType}${namedCurve === undefined ? '' : ` on ${namedCurve}`}`,
  );
}

function readPemFile(path: string, cwd: string): string | null {
  try {
    return readFileSync(isAbsolute(path) ? path : resolve(cwd, path), 'utf8');
  } catch {
    return null; // told to the operator as a problem by the caller
  }
}

function parsePublicKey(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch {
    return null; // told to the operator as a problem by the caller
  }
}

function exportPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
