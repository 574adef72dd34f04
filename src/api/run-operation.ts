import { type ExecutionArgs, execute } from 'graphql';
import { withLogContext } from '../shared/log-context.js';
import type { ApiContext } from './context.js';

/** Executes a query or a mutation, so that lines of the log say which request they are about. */
export function executeOperation(args: ExecutionArgs): ReturnType<typeof execute> {
  return inRequest(args, () => execute(args));
}

/** Runs `work` for an operation, so that lines of the log say which request they are about. */
export function inRequest<T>({ contextValue }: Pick<ExecutionArgs, 'contextValue'>, work: () => T): T {
  return withLogContext({ requestId: (contextValue as ApiContext).requestId }, work);
}
