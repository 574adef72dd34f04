import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  astFromValue,
  buildSchema,
  type ConstDirectiveNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  isUnionType,
  print,
} from 'graphql';
import { emitSchema } from '../../src/api/emit-schema.js';

const COPY = 'tests/support/contract.graphql';
const ORIGINAL = '../shared/contract/schema.graphql';

/**
 * What later issues bring: fields of the three root types, and types that only they reach. This list may
 * only shrink.
 */
const LATER: readonly string[] = [];

type Member = GraphQLField<unknown, unknown> | GraphQLInputField;

/** One line for everything that the contract promises, so that two schemas can be compared as sets. */
function listPromises(schema: GraphQLSchema): string[] {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
  );
  const directives = schema.getDirectives().filter((directive) => !isSpecifiedDirective(directive));
  return [
    ...types.flatMap(describeType),
    ...directives.flatMap(({ name, args, locations, isRepeatable }) => [
      `directive @${name} on ${[...locations].sort().join(' | ')}${isRepeatable ? ' repeatable' : ''}`,
      ...args.map((argument) => describeArgument(`@${name}`, argument)),
    ]),
  ];
}

function describeType(type: GraphQLNamedType): string[] {
  const head = `${type.name}: ${type.constructor.name}${describeDirectives(type.astNode?.directives)}`;
  if (isEnumType(type)) return [head, ...type.getValues().map(({ name }) => `${type.name}.${name}`)];
  if (isUnionType(type)) return [head, ...type.getTypes().map(({ name }) => `${type.name} = ${name}`)];
  if (!isObjectType(type) && !isInputObjectType(type)) return [head];
  const fields: Member[] = Object.values(type.getFields());
  return [head, ...fields.flatMap((field) => describeField(type.name, field))];
}

function describeField(typeName: string, field: Member): string[] {
  const place = `${typeName}.${field.name}`;
  const value = 'defaultValue' in field ? describeDefault(field) : '';
  const line = `${place}: ${field.type}${value}${describeDirectives(field.astNode?.directives)}`;
  return [line, ...('args' in field ? field.args.map((argument) => describeArgument(place, argument)) : [])];
}

function describeArgument(place: string, argument: GraphQLArgument): string {
  return `${place}(${argument.name}: ${argument.type}${describeDefault(argument)})`;
}

function describeDefault({ defaultValue, type }: Pick<GraphQLArgument, 'defaultValue' | 'type'>): string {
  const node = defaultValue === undefined ? null : astFromValue(defaultValue, type);
  return node ? ` = ${print(node)}` : '';
}

function describeDirectives(directives: readonly ConstDirectiveNode[] = []): string {
  return directives
    .map((directive) => ` ${print(directive)}`)
    .sort()
    .join('');
}

/** `Type` or `Type.field` of a line of `listPromises`. */
function isOf(promise: string, name: string): boolean {
  return promise === name || (promise.startsWith(name) && /^[.:(\s]/.test(promise.slice(name.length)));
}

/** True for an argument of a field that `schema` has. */
function isFieldOf(schema: GraphQLSchema, promise: string): boolean {
  const [typeName = '', field = ''] = promise.split(/[.(]/);
  const type = schema.getType(typeName);
  return isObjectType(type) && field in type.getFields();
}

/** True for what a later issue brings. */
function isLater(promise: string): boolean {
  return LATER.some((name) => isOf(promise, name));
}

describe('the emitted schema', () => {
  const contract = buildSchema(readFileSync(COPY, 'utf8'));
  const emitted = buildSchema(emitSchema());
  const kept = new Set(listPromises(emitted));

  it('keeps every promise of the contract that is due', () => {
    const broken = listPromises(contract).filter((promise) => !kept.has(promise) && !isLater(promise));
    expect(broken).to.deep.equal([]);
  });

  it('adds no argument without a default to a field of the contract', () => {
    const promised = new Set(listPromises(contract));
    const added = [...kept].filter(
      (promise) => /^\w+\.\w+\(/.test(promise) && !promise.includes(' = ') && !promised.has(promise),
    );
    expect(added.filter((promise) => isFieldOf(contract, promise))).to.deep.equal([]);
  });

  for (const name of LATER) {
    it(`does not hold ${name} yet, which the contract does`, () => {
      const ofName = (promise: string) => isOf(promise, name);
      expect(listPromises(contract).some(ofName), 'in the contract').to.equal(true);
      expect([...kept].some(ofName), 'take it off the list: it is there').to.equal(false);
    });
  }

  it('is what graphql/schema.graphql holds', () => {
    expect(readFileSync('graphql/schema.graphql', 'utf8'), 'run "npm run generate"').to.equal(emitSchema());
  });

  it('describes every type, field, argument and value', () => {
    expect(listUndescribed(emitted)).to.deep.equal([]);
  });
});

describe('the copy of the contract', () => {
  it('is the contract, where that is at hand', function () {
    if (!existsSync(ORIGINAL)) return this.skip();
    expect(readFileSync(COPY).equals(readFileSync(ORIGINAL))).to.equal(true);
  });
});

function listUndescribed(schema: GraphQLSchema): string[] {
  const missing: string[] = [];
  const check = (place: string, { description }: { description?: string | null | undefined }) => {
    if (!description?.trim()) missing.push(place);
  };
  for (const directive of schema.getDirectives().filter((each) => !isSpecifiedDirective(each))) {
    check(`@${directive.name}`, directive);
    for (const argument of directive.args) check(`@${directive.name}(${argument.name})`, argument);
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
    check(type.name, type);
    if (isEnumType(type)) for (const value of type.getValues()) check(`${type.name}.${value.name}`, value);
    if (!isObjectType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values<Member>(type.getFields())) {
      check(`${type.name}.${field.name}`, field);
      for (const argument of 'args' in field ? field.args : []) {
        check(`${type.name}.${field.name}(${argument.name})`, argument);
      }
    }
  }
  return missing;
}
