/** Makes the Nth statement that a database driver sends fail, to find out what a restore leaves then. */

/** What both drivers' connections have. */
interface Queries {
  query: (...values: never[]) => unknown;
}

export interface Fault {
  /** Statements are counted from the first that fits. */
  from: RegExp;
  /** Which one fails, from 1; Infinity only counts. */
  at: number;
  /** Whether the server has done it when the client learns of the failure. */
  when: 'before' | 'after';
  /** True: no later statement succeeds either, as if the process were dead. */
  isDead: boolean;
}

/** Runs `work` with the fault. @returns how many statements were counted */
export async function withFault(
  prototype: Queries,
  fault: Fault,
  work: () => Promise<void>,
): Promise<number> {
  const real = prototype.query;
  let count = 0;
  const failure = () => Object.assign(new Error('The connection was cut'), { code: 'ECONNRESET' });
  prototype.query = async function faulty(this: Queries, ...values: never[]) {
    if (count > 0 || fault.from.test(String(values[0]))) count += 1;
    const isHit = fault.isDead ? count >= fault.at : count === fault.at;
    if (isHit && (fault.when === 'before' || count > fault.at)) throw failure();
    const answer = await (real.apply(this, values) as Promise<unknown>);
    if (isHit) throw failure();
    return answer;
  };
  try {
    await work();
  } finally {
    prototype.query = real;
  }
  return count;
}
