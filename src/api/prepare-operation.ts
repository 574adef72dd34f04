import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import type { AppError } from '../shared/errors.js';
import type { ApiContext } from './context.js';
import { MAX_TOKENS } from './limits/query-limits.js';
import type { ValidatedDocuments } from './validated-documents.js';

/** An operation as a client sends it. */
export interface OperationRequest {
  query: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
}

/** An operation that can be executed, or everything that is wrong with it. */
export type PreparedOperation = ExecutionArgs | readonly GraphQLError[];

/** What an operation is prepared against. */
export interface OperationRules {
  schema: GraphQLSchema;
  validationRules: readonly ValidationRule[];
  admit(query: unknown, context: ApiContext): Promise<AppError | null>;
  documents: ValidatedDocuments;
}

/**
 * Admits, parses and validates `request`, variables included, in the order in which Apollo Server does so
 * for HTTP. Wrong requests come back as errors; nothing is thrown for them.
 */
export async function prepareOperation(
  rules: OperationRules,
  request: OperationRequest,
  context: ApiContext,
): Promise<PreparedOperation> {
  const refusal = await rules.admit(request.query, context);
  if (refusal) return [toGraphQLError(refusal)];
  const document = prepareDocument(rules, request.query);
  if ('errors' in document) return document.errors;
  const operation = getOperationAST(document, request.operationName);
  if (!operation) return [new GraphQLError(describeMissingOperation(request.operationName))];
  const variables = getVariableValues(
    rules.schema,
    operation.variableDefinitions ?? [],
    request.variables ?? {},
  );
  if (variables.errors) return variables.errors.map(blameRequest);
  return {
    schema: rules.schema,
    document,
    operationName: request.operationName,
    variableValues: request.variables,
    contextValue: context,
  };
}

/** `error` in the form that GraphQL libraries pass on; the formatter finds the original in it. */
export function toGraphQLError(error: AppError): GraphQLError {
  return new GraphQLError(error.message, { originalError: error });
}

// A variable's error may wrap that of a scalar, and would pass for an error of a resolver without the code.
function blameRequest({ message, nodes }: GraphQLError): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT' } });
}

/** Parses and validates, or finds what was before. */
function prepareDocument(
  { schema, validationRules, documents }: OperationRules,
  query: string,
): DocumentNode | { errors: readonly GraphQLError[] } {
  const known = documents.get(query);
  if (known) return known;
  const document = parseDocument(query);
  if (document instanceof GraphQLError) return { errors: [document] };
  const errors = validate(schema, document, [...specifiedRules, ...validationRules]);
  if (errors.length > 0) return { errors };
  documents.add(query, document);
  return document;
}

function parseDocument(query: string): DocumentNode | GraphQLError {
  try {
    return parse(query, { maxTokens: MAX_TOKENS });
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

function describeMissingOperation(operationName: string | null | undefined): string {
  return operationName
    ? `The document must hold an operation named "${operationName}", found none`
    : 'The document must hold one operation, or operationName must name one of several';
}
