import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function parseDateTime(value: unknown): Date {
  const instant = typeof value === 'string' && RFC_3339.test(value) ? new Date(value.toUpperCase()) : null;
  if (!instant || Number.isNaN(instant.getTime()) || !isRealDay(value as string)) {
    throw new GraphQLError(
      `DateTime must be an RFC 3339 instant such as "2026-01-31T09:30:00Z", found ${JSON.stringify(value) ?? 'nothing'}`,
    );
  }
  return instant;
}

// V8 rolls 30 February over to March instead of refusing it.
function isRealDay(value: string): boolean {
  const day = value.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/**
 * The contract's DateTime: an RFC 3339 instant.
 * Accepts any offset and any fraction of a second (kept to the millisecond); always answers in UTC.
 */
export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'RFC 3339 instant in UTC, to the millisecond, such as 2026-01-31T09:30:00.000Z.',
  serialize(value) {
    if (!(value instanceof Date)) throw new Error(`DateTime must be a Date, found ${typeof value}`);
    return value.toISOString();
  },
  parseValue: parseDateTime,
  parseLiteral(node) {
    return parseDateTime(node.kind === Kind.STRING ? node.value : undefined);
  },
});
