import type { Caller } from '../../api/context.js';
import { AppError } from '../../shared/errors.js';
import { parseBearerToken } from './bearer-token.js';
import type { TokenVerifier } from './token-verifier.js';

/**
 * Who sent `authorization`. Whatever is wrong with the token makes a stranger, who is refused later, when
 * it is known what was asked for; only faults of the server itself are thrown.
 */
export async function identifyCaller(
  verifier: TokenVerifier,
  authorization: unknown,
  remoteAddress: string | null,
): Promise<Caller> {
  try {
    const { subject, role, expiresAt } = await verifier.verify(parseBearerToken(authorization));
    return { kind: 'known', actor: { subject, role, remoteAddress }, expiresAt };
  } catch (error) {
    if (error instanceof AppError) return { kind: 'stranger', refusal: error };
    throw error;
  }
}
