/**
 * Subscriptions of which many clients want the same: an event is executed once for all clients that sent the same
 * document with the same variables, and the answer handed to each. Only for fields marked `SHARED`, whose answer
 * follows from the event alone, whoever asks.
 */
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  getOperationAST,
  Kind,
} from 'graphql';
import type { Clock } from '../shared/clock.js';
import { invariant } from '../shared/errors.js';
import type { ApiContext } from './context.js';

/** The extension of a subscription field whose answer depends on nothing but the event and the arguments. */
export const SHARED = { sharesAnswers: true } as const;

/** What a subscription sends, or why it could not begin. */
export type SubscriptionAnswer = AsyncIterableIterator<ExecutionResult> | ExecutionResult;

/** The answers to one event, by the variables that were asked with, of each document. */
type Answers = Map<DocumentNode, Map<string, Promise<ExecutionResult>>>;

/** Begins subscriptions. One for the whole API: what it shares, it shares among all that it began. */
export class SharedSubscriptions {
  readonly #clock: Clock;
  /** Goes with the event, which its followers hold no longer than they need it. */
  readonly #answers = new WeakMap<object, Answers>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** As `subscribe` of graphql. */
  async subscribe(args: ExecutionArgs): Promise<SubscriptionAnswer> {
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return source;
    const key = isShared(args) ? keyOf(args) : null;
    return mapEvents(source[Symbol.asyncIterator](), (event) =>
      key === null || this.#isExpired(args) ? run(args, event) : this.#share(args, key, event),
    );
  }

  /** The role of a token never changes, but its time runs out: then the guard is asked, and refuses. */
  #isExpired({ contextValue }: ExecutionArgs): boolean {
    const { caller } = contextValue as ApiContext;
    return caller.kind === 'stranger' || caller.expiresAt <= this.#clock.now();
  }

  #share(args: ExecutionArgs, key: string, event: unknown): Promise<ExecutionResult> {
    invariant(typeof event === 'object' && event !== null, 'An event that is shared is an object');
    const ofEvent = obtain(this.#answers, event, (): Answers => new Map());
    const ofDocument = obtain(ofEvent, args.document, () => new Map<string, Promise<ExecutionResult>>());
    const known = ofDocument.get(key);
    if (known) return known.then((answer) => (answer.errors ? run(args, event) : answer));
    const answer = run(args, event);
    ofDocument.set(key, answer);
    return answer;
  }
}

async function run(args: ExecutionArgs, event: unknown): Promise<ExecutionResult> {
  return execute({ ...args, rootValue: event });
}

/** True when the operation's one field is marked. */
function isShared({ schema, document, operationName }: ExecutionArgs): boolean {
  const [field] = getOperationAST(document, operationName)?.selectionSet.selections ?? [];
  if (field?.kind !== Kind.FIELD) return false;
  return schema.getSubscriptionType()?.getFields()[field.name.value]?.extensions.sharesAnswers === true;
}

/** What the answer depends on besides the document and the event. */
function keyOf({ operationName, variableValues }: ExecutionArgs): string {
  return JSON.stringify([operationName ?? null, variableValues ?? null]);
}

function obtain<K extends object, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** `events`, each turned into an answer. Its end is theirs. */
function mapEvents(
  events: AsyncIterator<unknown>,
  answer: (event: unknown) => Promise<ExecutionResult>,
): AsyncIterableIterator<ExecutionResult> {
  const map = async (result: IteratorResult<unknown>): Promise<IteratorResult<ExecutionResult>> =>
    result.done ? { done: true, value: undefined } : { done: false, value: await answer(result.value) };
  return {
    next: async () => {
      const result = await events.next();
      try {
        return await map(result);
      } catch (error) {
        await events.return?.();
        throw error;
      }
    },
    return: async () => {
      await events.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
