import jwt, { type Algorithm, type JwtPayload, type PrivateKey } from 'jsonwebtoken';

/** The secret that the servers of the tests check tokens with. */
export const TEST_SECRET = 'a secret of the tests, long enough for HS512, and used nowhere else at all';

/** What a test token differs in from a good one; a claim that is null is left out. */
export interface TokenChanges {
  claims?: Record<string, unknown>;
  key?: string | PrivateKey;
  algorithm?: Algorithm;
  keyId?: string;
}

/** Now, in whole seconds, as tokens count time. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

/** A token: an administrator's, good for an hour, but for `changes`. */
export function makeToken({
  claims,
  key = TEST_SECRET,
  algorithm = 'HS256',
  keyId,
}: TokenChanges = {}): string {
  const wanted = { sub: 'anna', role: 'ADMIN', exp: nowSeconds() + 3_600, ...claims };
  const payload = Object.fromEntries(
    Object.entries(wanted).filter(([, value]) => value !== null),
  ) as JwtPayload;
  return jwt.sign(payload, key, { algorithm, ...(keyId !== undefined && { keyid: keyId }) });
}

/** A token that says `alg: none` and has no signature. */
export function makeUnsignedToken(): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const payload = { sub: 'anna', role: 'ADMIN', exp: nowSeconds() + 3_600 };
  return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(payload)}.`;
}
