import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

function isByteCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseByteCount(value: unknown): number {
  if (isByteCount(value)) return value;
  throw new GraphQLError(
    `ByteCount must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, found ${JSON.stringify(value) ?? 'nothing'}`,
  );
}

/** The contract's ByteCount: a whole number of bytes, 0 to 2^53-1, because GraphQL's Int ends at 2^31-1. */
export const ByteCount = new GraphQLScalarType<number, number>({
  name: 'ByteCount',
  description: 'Whole number of bytes, 0 to 2^53-1, as a JSON number.',
  serialize(value) {
    const count = typeof value === 'bigint' ? Number(value) : value;
    if (!isByteCount(count)) throw new Error(`ByteCount must be 0 to 2^53-1, found ${String(value)}`);
    return count;
  },
  parseValue: parseByteCount,
  parseLiteral(node) {
    return parseByteCount(node.kind === Kind.INT ? Number(node.value) : undefined);
  },
});
