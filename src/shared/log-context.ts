/** What every line of the log says of the request, the connection and the operation that it was written for. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Ids that lines of the log carry. */
export interface LogContext {
  /** Of the request that started it. */
  requestId?: string;
  /** Of the WebSocket that it came through. */
  connectionId?: string;
  /** Of the backup, restore, … that runs. */
  operationId?: string;
}

// One for the process: it stands for the call stack, and passing it along is what it saves.
const storage = new AsyncLocalStorage<LogContext>();

/** The ids of what runs now. */
export function logContext(): LogContext {
  return storage.getStore() ?? {};
}

/** Runs `work`, and everything that it starts, with `fields` added to the ids of what runs now. */
export function withLogContext<T>(fields: LogContext, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** Runs `work` with exactly these ids: for work that was asked for elsewhere and earlier. */
export function inLogContext<T>(context: LogContext, work: () => T): T {
  return storage.run(context, work);
}
