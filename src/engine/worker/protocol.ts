/**
 * Messages between the server's thread and the engine's. One call, any number of progress messages or pieces, one
 * answer. Pieces come in batches; each takes a credit, of which a call begins with BATCH_CREDITS.
 */
import { AppError, type ErrorCode, type ErrorDetails, errorOf } from '../../shared/errors.js';
import type {
  BackupOutcome,
  BackupRequest,
  BackupUpdate,
  CheckObjectsRequest,
  CheckObjectsUpdate,
  DamagedBackups,
  ObjectCheck,
  ObjectListing,
  PruneOutcome,
  PruneRequest,
  PruneUpdate,
  RecoveredRestore,
  RestoreOutcome,
  RestoreRequest,
  RestoreTestOutcome,
  RestoreTestRequest,
  RestoreTestUpdate,
  RestoreUpdate,
  SnapshotDescription,
  SnapshotPiece,
  StorageMeasure,
  StreamRequest,
  UnendedRestore,
  VerifyOutcome,
  VerifyRequest,
  VerifyUpdate,
} from '../engine.js';

/** What each method takes, gives, and reports on the way. */
export interface Calls {
  open: { request: { mayCreate: boolean }; answer: null; update: never };
  backup: { request: BackupRequest; answer: BackupOutcome; update: BackupUpdate };
  restore: { request: RestoreRequest; answer: RestoreOutcome; update: RestoreUpdate };
  verify: { request: VerifyRequest; answer: VerifyOutcome; update: VerifyUpdate };
  testRestore: { request: RestoreTestRequest; answer: RestoreTestOutcome; update: RestoreTestUpdate };
  listObjects: { request: null; answer: ObjectListing; update: never };
  checkObjects: { request: CheckObjectsRequest; answer: ObjectCheck[]; update: CheckObjectsUpdate };
  findDamagedBackups: { request: null; answer: DamagedBackups; update: never };
  streamSnapshot: { request: StreamRequest; answer: null; update: never };
  listSnapshots: { request: null; answer: SnapshotDescription[]; update: never };
  prune: { request: PruneRequest; answer: PruneOutcome; update: PruneUpdate };
  deleteSnapshot: { request: string; answer: null; update: never };
  measureStorage: { request: null; answer: StorageMeasure; update: never };
  deriveKey: { request: string; answer: Uint8Array; update: never };
  recoverRestores: { request: readonly UnendedRestore[]; answer: RecoveredRestore[]; update: never };
  acknowledgeRestore: { request: UnendedRestore; answer: null; update: never };
}
export type Method = keyof Calls;
/** Batches of one call that may be on their way or waiting in the server's thread. */
export const BATCH_CREDITS = 6;
/** What any method reports on the way. */
export type Update =
  | BackupUpdate
  | RestoreUpdate
  | VerifyUpdate
  | PruneUpdate
  | RestoreTestUpdate
  | CheckObjectsUpdate;

/** To the engine's thread. `id` names the call. */
export type ToEngine =
  | { [M in Method]: { kind: 'call'; id: number; method: M; request: Calls[M]['request'] } }[Method]
  | { kind: 'cancel'; id: number }
  /** The server's thread has taken one batch. */
  | { kind: 'credit'; id: number };

/** From the engine's thread. */
export type FromEngine =
  | { kind: 'progress'; id: number; update: Update }
  | { kind: 'pieces'; id: number; pieces: SnapshotPiece[] }
  | { kind: 'answer'; id: number; answer: Calls[Method]['answer'] }
  | { kind: 'failure'; id: number; failure: Failure }
  /** `id`: of the call that it is about; null for none. */
  | { kind: 'warning'; message: string; id: number | null };

/** An error as it crosses between threads. */
export type Failure =
  | {
      known: true;
      code: ErrorCode;
      message: string;
      details: ErrorDetails;
      retryable: boolean;
      trace: string;
    }
  | { known: false; trace: string };

/** `error` as plain data; its stack and causes travel as text for the log. */
export function toFailure(error: unknown): Failure {
  const trace = describe(error);
  if (!(error instanceof AppError)) return { known: false, trace };
  const { code, message, details, retryable } = error;
  return { known: true, code, message, details, retryable, trace };
}

/** The error that `failure` describes, with the trace as its cause. */
export function fromFailure(failure: Failure): Error {
  const cause = new Error(failure.trace);
  if (!failure.known) return new Error('The engine failed', { cause });
  const { code, message, details, retryable } = failure;
  return errorOf(code, message, { cause, details, retryable });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\nCaused by: ${describe(error.cause)}`;
}
