import { expect } from 'chai';
import { buildSchema, parse, validate } from 'graphql';
import {
  createQueryLimitRule,
  DEFAULT_QUERY_LIMITS,
  type QueryLimits,
} from '../../../../src/api/limits/query-limits.js';

const schema = buildSchema(`
  type Item { id: ID! item: Item }
  type Page { items: [Item!]! total: Int! }
  type Query { list(page: Int! = 1, limit: Int! = 10): Page! item: Item! }
`);

const UNLIMITED = Object.fromEntries(
  Object.keys(DEFAULT_QUERY_LIMITS).map((name) => [name, Number.MAX_VALUE]),
);

/** What the rule finds for `query`, by asking it with a limit that nothing keeps. */
function measure(query: string, name: keyof QueryLimits): number {
  const rule = createQueryLimitRule({ ...(UNLIMITED as unknown as QueryLimits), [name]: -1 });
  const [error] = validate(schema, parse(query), [rule]);
  return Number(/found (\S+)$/.exec(error?.message ?? '')?.[1]);
}

describe('createQueryLimitRule()', () => {
  const cases: readonly [name: keyof QueryLimits, query: string, found: number][] = [
    ['depth', '{ item { item { id } } }', 3],
    ['depth', '{ ...F } fragment F on Query { item { ... on Item { id } } }', 2],
    ['depth', '{ __schema { types { name } } }', 1],
    ['introspectionDepth', '{ __schema { types { name } } }', 3],
    ['introspectionDepth', '{ item { id } }', 0],
    ['cost', '{ item { id } }', 2],
    ['cost', '{ list { total } }', 11],
    ['cost', '{ list(limit: 100) { items { id } total } }', 301],
    ['cost', 'query ($n: Int!) { list(limit: $n) { total } }', 101],
    ['cost', '{ list(limit: 2000000) { total } }', 101],
    ['cost', '{ list(limit: -1) { total } }', 2],
    ['cost', '{ list { items { ...F } } item { ...F } } fragment F on Item { id }', 1 + 10 * 2 + 2],
    ['aliases', '{ a: item { b: id id } ...F ...F } fragment F on Query { c: item { id } }', 4],
    ['directives', 'query @skip(if: false) { item @include(if: true) { ... @skip(if: true) { id } } }', 3],
    [
      'rootFields',
      '{ item { id } item { id } ...F ... { list { total } } } fragment F on Query { item { id } }',
      4,
    ],
  ];
  for (const [name, query, found] of cases) {
    it(`finds ${name} ${found} in ${query}`, () => {
      expect(measure(query, name)).to.equal(found);
    });
  }

  it('allows exactly the limit', () => {
    const rule = createQueryLimitRule({ ...DEFAULT_QUERY_LIMITS, depth: 2 });
    expect(validate(schema, parse('{ item { id } }'), [rule])).to.deep.equal([]);
    expect(validate(schema, parse('{ item { item { id } } }'), [rule])).to.have.length(1);
  });

  it('measures fragments that double at every step without walking them', () => {
    const steps = Array.from(
      { length: 200 },
      (_, n) => `fragment F${n} on Item { ...F${n + 1} ...F${n + 1} }`,
    );
    expect(measure(`{ item { ...F0 } } ${steps.join(' ')} fragment F200 on Item { id }`, 'cost')).to.equal(
      1 + 2 ** 200,
    );
  });

  it('ends for a fragment that contains itself', () => {
    expect(measure('{ item { ...F } } fragment F on Item { id item { ...F } }', 'cost')).to.equal(3);
  });
});
