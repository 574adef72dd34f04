import jsonwebtoken from 'jsonwebtoken';
import type { Clock } from '../shared/clock.js';
import type { Role } from '../shared/operation.js';

/** What a token says about who carries it. */
export interface TokenClaims {
  subject: string;
  role: Role;
  expiresInSeconds: number;
  /** `iss`; null: left out. */
  issuer: string | null;
  /** `aud`; null: left out. */
  audience: string | null;
}

/** Signs a token with the secret that the server checks it with (HS256). */
export function signToken(secret: string, claims: TokenClaims, clock: Clock): string {
  const issuedAt = Math.floor(clock.now().getTime() / 1000);
  const payload = {
    sub: claims.subject,
    role: claims.role,
    iat: issuedAt,
    exp: issuedAt + claims.expiresInSeconds,
    ...(claims.issuer === null ? {} : { iss: claims.issuer }),
    ...(claims.audience === null ? {} : { aud: claims.audience }),
  };
  return jsonwebtoken.sign(payload, secret, { algorithm: 'HS256' });
}
