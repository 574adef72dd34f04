import { createCipheriv, hash } from 'node:crypto';

/** Bytes that look random and are the same for the same seed: an AES-256-CTR key stream. */
export function createSeededBytes(seed: string): (length: number) => Buffer {
  const stream = createCipheriv('aes-256-ctr', hash('sha256', seed, 'buffer'), Buffer.alloc(16));
  return (length) => stream.update(Buffer.alloc(length));
}

/** Integers from 0 to `limit - 1` that are the same for the same seed. */
export function createSeededIntegers(seed: string): (limit: number) => number {
  const bytes = createSeededBytes(seed);
  return (limit) => bytes(6).readUIntLE(0, 6) % limit;
}
