import {
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';

/** A field at the top of the schema, and an operation that asks for it. */
export interface RootField {
  /** Such as `Query.backups`. */
  coordinate: string;
  kind: 'query' | 'mutation' | 'subscription';
  document: string;
}

/** Every field of Query, Mutation and Subscription, with the smallest valid operation that asks for it. */
export function listRootFields(schema: GraphQLSchema): RootField[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([kind, type]) =>
    Object.values(type?.getFields() ?? {}).map((field) => {
      const given = field.args
        .filter(isRequired)
        .map((argument) => `${argument.name}: ${literal(argument.type)}`);
      const selection = isLeafType(getNamedType(field.type)) ? '' : ' { __typename }';
      const call = `${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''}${selection}`;
      return { coordinate: `${type?.name}.${field.name}`, kind, document: `${kind} { ${call} }` };
    }),
  );
}

function isRequired({ type, defaultValue }: Pick<GraphQLArgument, 'type' | 'defaultValue'>): boolean {
  return isNonNullType(type) && defaultValue === undefined;
}

function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType);
  if (isListType(type)) return `[${literal(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(isRequired);
    return `{ ${fields.map((field) => `${field.name}: ${literal(field.type)}`).join(', ')} }`;
  }
  return { Int: '1', Float: '1', Boolean: 'true' }[type.name] ?? '"1"';
}
