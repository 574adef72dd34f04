/**
 * The `@auth(requires: ADMIN)` directive: declared in the emitted schema and enforced by wrapping every
 * resolver and every subscribe function that it stands on, or whose object type it stands on.
 */
import { getDirective, MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  DirectiveLocation,
  defaultFieldResolver,
  GraphQLDirective,
  GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  GraphQLNonNull,
  type GraphQLObjectType,
  GraphQLSchema,
} from 'graphql';
import { invariant } from '../../shared/errors.js';
import type { Role } from '../../shared/operation.js';
import type { ApiContext } from '../context.js';

/** To be given to type-graphql's `@Directive` on everything that only an administrator may reach. */
export const ADMIN_ONLY = '@auth(requires: ADMIN)';

/** Settles a call to a field that requires `role`: returns when it is allowed, rejects when it is not. */
export type Guard = (context: ApiContext, role: Role, coordinate: string) => Promise<void>;

/** `schema` with the directive and its `Role` declared; without that, arguments would be printed as strings. */
export function declareAuth(schema: GraphQLSchema): GraphQLSchema {
  const directive = new GraphQLDirective({
    name: 'auth',
    description: 'Restricts a type or a field to callers whose token carries the role.',
    locations: [DirectiveLocation.OBJECT, DirectiveLocation.FIELD_DEFINITION],
    args: {
      requires: {
        type: new GraphQLNonNull(findRole(schema)),
        defaultValue: 'ADMIN',
        description: 'The role that the token must carry.',
      },
    },
  });
  const config = schema.toConfig();
  return new GraphQLSchema({ ...config, directives: [...config.directives, directive] });
}

function findRole(schema: GraphQLSchema): GraphQLEnumType {
  const role = schema.getType('Role');
  invariant(role instanceof GraphQLEnumType, 'the schema shows roles in its audit log');
  return role;
}

/**
 * `schema` with `guard` in front of everything that carries `@auth`, for queries, mutations and
 * subscriptions: a subscription is guarded when it starts and again before every event.
 */
export function enforceAuth(schema: GraphQLSchema, guard: Guard): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (field, fieldName, typeName) => {
      const role =
        requiredRole(schema, field) ?? requiredRole(schema, schema.getType(typeName) as GraphQLObjectType);
      return role ? guarded(field, (context) => guard(context, role, `${typeName}.${fieldName}`)) : field;
    },
  });
}

type Field = GraphQLFieldConfig<unknown, ApiContext>;

function requiredRole(schema: GraphQLSchema, holder: Field | GraphQLObjectType): Role | null {
  const [directive] = getDirective(schema, holder, 'auth') ?? [];
  return directive ? (directive.requires as Role) : null;
}

function guarded(field: Field, check: (context: ApiContext) => Promise<void>): Field {
  const resolve = field.resolve ?? defaultFieldResolver;
  const subscribe = field.subscribe;
  const behind =
    (inner: GraphQLFieldResolver<unknown, ApiContext>): GraphQLFieldResolver<unknown, ApiContext> =>
    async (source, args, context, info) => {
      await check(context);
      return inner(source, args, context, info);
    };
  return { ...field, resolve: behind(resolve), ...(subscribe && { subscribe: behind(subscribe) }) };
}
