import type { OperationFeed } from '../services/operation-feed.js';
import type { ProgressService } from '../services/progress-service.js';
import { type AppError, invariant } from '../shared/errors.js';
import type { Actor } from '../shared/operation.js';
import type { Loaders } from './loaders.js';

/** Who sent a request, as far as its token tells. */
export type Caller =
  | { kind: 'known'; actor: Actor /** Instant from which the token counts no more. */; expiresAt: Date }
  | { kind: 'stranger' /** Why the token, or its absence, was refused. */; refusal: AppError };

/** What a request brings along; the transport fills it in. */
export interface RequestInfo {
  /** Identifies the request in the log. */
  requestId: string;
  /** Network address of the other side, or null when not known. */
  remoteAddress: string | null;
  caller: Caller;
}

/** What every resolver of one operation is given. The feeds are here because a `subscribe` function is static. */
export interface ApiContext extends RequestInfo {
  progress: Pick<ProgressService, 'backupProgress' | 'restoreProgress'>;
  operations: Pick<OperationFeed, 'subscribe'>;
  loaders: Loaders;
  /** Filled by the first refusal, so that one request leaves one line in the audit log. */
  denial: { recorded: boolean };
}

/** The actor behind `context`; only for resolvers under `@auth`, which lets no stranger through. */
export function actorOf(context: ApiContext): Actor {
  invariant(context.caller.kind === 'known', 'A resolver under @auth ran for a stranger');
  return context.caller.actor;
}
