import { expect } from 'chai';
import { buildSchema, type ExecutionArgs, type ExecutionResult, GraphQLError, parse } from 'graphql';
import type { Caller } from '../../../src/api/context.js';
import { SHARED, SharedSubscriptions } from '../../../src/api/shared-subscriptions.js';
import { EventSource } from '../../support/event-source.js';

interface Event {
  tick: number;
}

const NOW = new Date('2026-01-31T12:00:00.000Z');
const LATER = new Date('2026-01-31T13:00:00.000Z');
const TICKS = parse('subscription ($factor: Int) { ticks(factor: $factor) }');
const OWN_TICKS = parse('subscription { ownTicks }');

/** A schema with a field that shares its answers and one that does not; both count how often they are resolved. */
function createBench() {
  const events = new EventSource<Event>();
  const subscriptions = new SharedSubscriptions({ now: () => NOW, monotonicMs: () => 0 });
  const schema = buildSchema(
    'type Query { none: Int } type Subscription { ticks(factor: Int = 1): Int, ownTicks: Int }',
  );
  const { ticks, ownTicks } = schema.getSubscriptionType()!.getFields();
  let resolved = 0;
  for (const field of [ticks!, ownTicks!]) {
    field.subscribe = () => events.subscribe();
    field.resolve = ({ tick }: Event, { factor = 1 }, { caller }: { caller: Caller }) => {
      resolved++;
      if (caller.kind === 'known' && caller.expiresAt <= NOW) throw new GraphQLError('expired');
      return tick * factor;
    };
  }
  ticks!.extensions = SHARED;
  const subscribe = async (changes: Partial<ExecutionArgs> = {}, expiresAt = LATER) => {
    const caller = { kind: 'known', expiresAt } as Caller;
    const answer = await subscriptions.subscribe({
      schema,
      document: TICKS,
      contextValue: { caller },
      ...changes,
    });
    return answer as AsyncIterableIterator<ExecutionResult>;
  };
  /** What each of `followers` is answered next. */
  const nextOf = async (followers: AsyncIterableIterator<ExecutionResult>[], event: Event) => {
    const answers = Promise.all(followers.map((follower) => follower.next()));
    await new Promise(setImmediate);
    events.send(event);
    return (await answers).map(({ value }) => value as ExecutionResult);
  };
  return { events, subscribe, nextOf, resolved: () => resolved };
}

describe('SharedSubscriptions', () => {
  it('executes an event once for all that ask for the same', async () => {
    const { subscribe, nextOf, resolved } = createBench();
    const followers = await Promise.all([1, 2, 3].map(() => subscribe()));
    const answers = await nextOf(followers, { tick: 7 });
    expect(answers.map(({ data }) => data?.ticks)).to.deep.equal([7, 7, 7]);
    expect(resolved()).to.equal(1);
  });

  it('keeps apart what was asked with other variables', async () => {
    const { subscribe, nextOf } = createBench();
    const followers = await Promise.all([1, 2, 3].map((factor) => subscribe({ variableValues: { factor } })));
    const answers = await nextOf(followers, { tick: 7 });
    expect(answers.map(({ data }) => data?.ticks)).to.deep.equal([7, 14, 21]);
  });

  it('executes for each where the field does not say that it shares', async () => {
    const { subscribe, nextOf, resolved } = createBench();
    const followers = await Promise.all([1, 2].map(() => subscribe({ document: OWN_TICKS })));
    await nextOf(followers, { tick: 1 });
    expect(resolved()).to.equal(2);
  });

  it('gives nothing to a caller whose token has run out, and takes nothing from one', async () => {
    const { subscribe, nextOf } = createBench();
    const followers = [await subscribe({}, NOW), await subscribe(), await subscribe({}, NOW)];
    const answers = await nextOf(followers, { tick: 7 });
    expect(answers.map(({ data, errors }) => errors?.[0]?.message ?? data?.ticks)).to.deep.equal([
      'expired',
      7,
      'expired',
    ]);
  });

  it('lets the source end with the follower', async () => {
    const { subscribe, events } = createBench();
    const follower = await subscribe();
    const waiting = follower.next();
    await new Promise(setImmediate);
    expect(events.size).to.equal(1);
    events.send(null);
    expect(await waiting).to.deep.equal({ done: true, value: undefined });
    await follower.return?.();
    expect(events.size).to.equal(0);
  });
});
