import { type Client, createClient } from 'graphql-ws';
import {
  BackupDocument,
  BackupProgressDocument,
  type BackupProgressPartsFragment,
  type BackupQuery,
  CreateBackupDocument,
  CreateRestoreDocument,
  RestoreDocument,
  RestoreProgressDocument,
  type RestoreProgressPartsFragment,
  type RestoreQuery,
  type TypedDocumentString,
} from '../../../graphql/generated/graphql.js';
import { AppError, CancelledError } from '../../shared/errors.js';

/** One step of a backup or a restore. */
export type ProgressStep = BackupProgressPartsFragment | RestoreProgressPartsFragment;

/** Called with each step, in order. */
export type OnProgress = (step: ProgressStep) => void;

/** What a restore is asked for; without `targetPath` it goes to the live place and replaces what is there. */
export interface RestoreWish {
  backupId: string;
  targetPath?: string;
  /** Only reads and checks everything. */
  validateOnly?: boolean;
}

/** Talks to a server as any client would: queries and mutations over HTTP, subscriptions over WebSocket. */
export class TillvaultClient {
  readonly #endpoint: URL;
  readonly #authorization: string;
  readonly #signal: AbortSignal;
  readonly #subscriptions: Client;

  /** @param signal ends every call with CancelledError */
  constructor(server: URL, token: string, signal: AbortSignal) {
    this.#endpoint = new URL('/graphql', server);
    this.#authorization = `Bearer ${token}`;
    this.#signal = signal;
    const socket = new URL(this.#endpoint);
    socket.protocol = socket.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#subscriptions = createClient({
      url: socket.href,
      lazy: true,
      retryAttempts: 0,
      connectionParams: { authorization: this.#authorization },
    });
  }

  /**
   * Takes a full backup, encrypted unless told otherwise, and follows it to its end.
   * @throws AppError when it does not end COMPLETED
   */
  async backUp(
    name: string,
    onProgress: OnProgress,
    { encrypt = true }: { encrypt?: boolean } = {},
  ): Promise<BackupQuery['backup']> {
    const { createBackup } = await this.#send(CreateBackupDocument, { input: { name, encrypt } });
    const { id } = createBackup.backup;
    await this.#follow(BackupProgressDocument, { id }, (data) => onProgress(data.backupProgress));
    const { backup } = await this.#send(BackupDocument, { id });
    return assertCompleted('backup', backup);
  }

  /**
   * Restores a backup and follows it to its end.
   * @throws AppError when it does not end COMPLETED
   */
  async restore(wish: RestoreWish, onProgress: OnProgress): Promise<RestoreQuery['restore']> {
    const input = { ...wish, overwrite: wish.targetPath === undefined };
    const { createRestore } = await this.#send(CreateRestoreDocument, { input });
    const { id } = createRestore.restore;
    await this.#follow(RestoreProgressDocument, { id }, (data) => onProgress(data.restoreProgress));
    const { restore } = await this.#send(RestoreDocument, { id });
    return assertCompleted('restore', restore);
  }

  /** Closes the connection. May be called twice. */
  async close(): Promise<void> {
    await this.#subscriptions.dispose();
  }

  async #send<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    if (this.#signal.aborted) throw new CancelledError();
    const response = await fetch(this.#endpoint, {
      method: 'POST',
      headers: { authorization: this.#authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ query: document.toString(), variables }),
      signal: this.#signal,
    }).catch((cause: unknown) => {
      throw this.#signal.aborted ? new CancelledError() : unreachable(cause);
    });
    return readData((await response.json()) as GraphQLAnswer<Data>);
  }

  async #follow<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    onEvent: (data: Data) => void,
  ): Promise<void> {
    if (this.#signal.aborted) throw new CancelledError();
    const events = this.#subscriptions.iterate<Data>({ query: document.toString(), variables });
    // Ends the subscription on the server too.
    const stop = () => void events.return?.();
    this.#signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const event of events) onEvent(readData(event));
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
    if (this.#signal.aborted) throw new CancelledError();
  }
}

interface GraphQLAnswer<Data> {
  data?: Data | null;
  errors?: readonly { message: string }[];
}

function readData<Data>({ data, errors }: GraphQLAnswer<Data>): Data {
  const [error] = errors ?? [];
  if (error !== undefined || data === undefined || data === null) {
    throw new AppError('SERVICE_UNAVAILABLE', `The server answered: ${error?.message ?? 'nothing'}`);
  }
  return data;
}

function unreachable(cause: unknown): AppError {
  return new AppError('SERVICE_UNAVAILABLE', 'The server cannot be reached: did it end?', { cause });
}

interface Ended {
  status: string;
  error?: { code: string; message: string } | null;
}

function assertCompleted<T extends Ended>(what: string, ended: T): T {
  if (ended.status === 'COMPLETED') return ended;
  const reason = ended.error ? `: ${ended.error.code}, ${ended.error.message}` : '';
  throw new AppError(
    'INTERNAL_SERVER_ERROR',
    `The ${what} ended ${ended.status}, expected COMPLETED${reason}`,
  );
}
