import { randomBytes, randomUUID } from 'node:crypto';

/** The only door to randomness. Passed in, so that golden files can be made byte-exact. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Buffer;
  /** A random UUID (version 4). */
  uuid(): string;
}

/** The operating system's randomness. */
export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
};
