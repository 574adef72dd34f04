/**
 * Limits on what one operation may ask for, as one validation rule that both transports use.
 *
 * Words: the **depth** of an operation is its longest chain of nested fields; its **cost** is the number of
 * fields in the largest answer it can get, where a list with a `limit` argument counts for as many items as
 * it may hold. Fragments count as if they were written out wherever they are used, but each is measured
 * once, so measuring takes no longer than reading the document.
 */
import {
  type FieldNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** Most lexical tokens in a document; the standard introspection query has fewer than 300. */
export const MAX_TOKENS = 2_000;

/** Most items of a page whose `limit` is a variable, and so is not known yet. */
const LARGEST_PAGE = 100;

/** What one operation may ask for at most. */
export interface QueryLimits {
  depth: number;
  /** Depth of questions about the schema itself, which tools ask 15 levels deep. */
  introspectionDepth: number;
  cost: number;
  aliases: number;
  directives: number;
  /** Fields at the top: each is a call of a service. */
  rootFields: number;
}

/** Allows a full page of backups with everything in it three times over, and every document of `graphql/operations`. */
export const DEFAULT_QUERY_LIMITS: Readonly<QueryLimits> = {
  depth: 10,
  introspectionDepth: 20,
  cost: 25_000,
  aliases: 15,
  directives: 20,
  rootFields: 10,
};

const NOTHING: QueryLimits = {
  depth: 0,
  introspectionDepth: 0,
  cost: 0,
  aliases: 0,
  directives: 0,
  rootFields: 0,
};

/** The validation rule that refuses operations beyond `limits`, naming the limit and what was found. */
export function createQueryLimitRule(limits: QueryLimits): ValidationRule {
  return (context) => ({
    OperationDefinition(operation) {
      const found = new OperationMeter(context).measure(operation);
      for (const [name, limit] of Object.entries(limits) as [keyof QueryLimits, number][]) {
        if (found[name] <= limit) continue;
        const message = `The operation's ${LIMIT_NAMES[name]} must be at most ${limit}, found ${found[name]}`;
        context.reportError(new GraphQLError(message, { nodes: [operation] }));
      }
    },
  });
}

const LIMIT_NAMES: Record<keyof QueryLimits, string> = {
  depth: 'depth',
  introspectionDepth: 'depth of introspection',
  cost: 'cost',
  aliases: 'number of aliases',
  directives: 'number of directives',
  rootFields: 'number of fields at the top',
};

/** Measures one operation. Fragments that contain themselves count once; another rule reports them. */
class OperationMeter {
  private readonly fragments = new Map<string, QueryLimits>();

  constructor(private readonly context: ValidationContext) {}

  measure(operation: OperationDefinitionNode): QueryLimits {
    const inner = this.measureSet(operation.selectionSet);
    return { ...inner, directives: inner.directives + (operation.directives?.length ?? 0) };
  }

  private measureSet(set: SelectionSetNode): QueryLimits {
    return set.selections.reduce<QueryLimits>((sum, selection) => {
      const own = selection.directives?.length ?? 0;
      const part =
        selection.kind === Kind.FIELD
          ? this.measureField(selection)
          : selection.kind === Kind.INLINE_FRAGMENT
            ? this.measureSet(selection.selectionSet)
            : this.measureFragment(selection.name.value);
      return {
        depth: Math.max(sum.depth, part.depth),
        introspectionDepth: Math.max(sum.introspectionDepth, part.introspectionDepth),
        cost: sum.cost + part.cost,
        aliases: sum.aliases + part.aliases,
        directives: sum.directives + part.directives + own,
        rootFields: sum.rootFields + part.rootFields,
      };
    }, NOTHING);
  }

  private measureField(field: FieldNode): QueryLimits {
    const inner = field.selectionSet ? this.measureSet(field.selectionSet) : NOTHING;
    const depth = inner.depth + 1;
    const isIntrospection = field.name.value === '__schema' || field.name.value === '__type';
    return {
      depth: isIntrospection ? 1 : depth,
      introspectionDepth: isIntrospection ? depth : inner.introspectionDepth,
      cost: 1 + this.pageSize(field) * inner.cost,
      aliases: inner.aliases + (field.alias ? 1 : 0),
      directives: inner.directives,
      rootFields: 1,
    };
  }

  private measureFragment(name: string): QueryLimits {
    const known = this.fragments.get(name);
    if (known) return known;
    this.fragments.set(name, NOTHING);
    const fragment = this.context.getFragment(name);
    const measure = fragment ? this.measureSet(fragment.selectionSet) : NOTHING;
    this.fragments.set(name, measure);
    return measure;
  }

  /** Most items that `field` answers: its `limit`, or the default of that argument, or 1 without one. */
  private pageSize(field: FieldNode): number {
    const fields = this.context.getSchema().getQueryType()?.getFields();
    const argument = fields?.[field.name.value]?.args.find(({ name }) => name === 'limit');
    if (!argument) return 1;
    const value = field.arguments?.find(({ name }) => name.value === 'limit')?.value;
    if (!value) return Number(argument.defaultValue ?? LARGEST_PAGE);
    const items = value.kind === Kind.INT ? Number(value.value) : LARGEST_PAGE;
    return Math.min(Math.max(items, 1), LARGEST_PAGE);
  }
}
