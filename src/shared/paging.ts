/** A page request: `page` from 1, `limit` from 1 to 100. */
export interface PageRequest {
  page: number;
  limit: number;
}

/** One page of rows and how many there are in all. */
export interface PageOf<T> {
  items: T[];
  total: number;
}

/** The contract's `Pagination`. */
export interface Pagination {
  page: number;
  limit: number;
  total: number;
  totalPages: number;
  hasNext: boolean;
  hasPrev: boolean;
}

/** Where a page stands among `total` rows. */
export function toPagination({ page, limit }: PageRequest, total: number): Pagination {
  const totalPages = Math.ceil(total / limit);
  return { page, limit, total, totalPages, hasNext: page < totalPages, hasPrev: page > 1 && total > 0 };
}
