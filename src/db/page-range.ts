import type { PageRequest } from '../shared/paging.js';

/** Prisma's limit for `skip`; no list is as long. */
const MAX_SKIP = 2 ** 31 - 1;

/** The rows that a page shows, as Prisma wants them. */
export function toRange({ page, limit }: PageRequest): { skip: number; take: number } {
  return { skip: Math.min((page - 1) * limit, MAX_SKIP), take: limit };
}
