import { expect } from 'chai';
import { SourceError } from '../../../src/shared/errors.js';
import { RunningProgram } from '../../../src/sources/running-program.js';
import { expectCode } from '../../support/engine-till.js';

describe('running program', () => {
  const start = (script: string, options: Partial<ConstructorParameters<typeof RunningProgram>[1]> = {}) =>
    new RunningProgram('/bin/sh', { args: ['-c', script], stdin: 'ignore', secrets: [], ...options });

  async function readAll(program: RunningProgram): Promise<string> {
    let text = '';
    for await (const bytes of program.output) text += String(bytes);
    return text;
  }

  it('gives the program nothing of its own environment', async () => {
    const program = start('env', { environment: { GIVEN: 'yes' } });
    const names = (await readAll(program))
      .split('\n')
      .map((line) => line.split('=')[0])
      .filter((name) => !['', '_', 'PWD', 'SHLVL', 'OLDPWD'].includes(name ?? ''));
    expect(names.sort()).to.deep.equal(['GIVEN', 'LANG', 'LC_ALL', 'PATH']);
  });

  it('tells how it ended, with secrets struck out', async () => {
    const program = start('echo "password geheim is wrong" >&2; exit 3', { secrets: ['geheim', ''] });
    program.output.resume();
    const { code, message } = await program.ended;
    expect(code).to.equal(3);
    expect(message).to.equal('password *** is wrong');
  });

  it('does not tell a short secret by striking it out of common words', async () => {
    const program = start('echo "cannot execute" >&2', { secrets: ['x'] });
    program.output.resume();
    expect((await program.ended).message).to.equal('cannot execute');
  });

  it('says that it could not be started', async () => {
    const program = new RunningProgram('/no/such/program', { args: [], stdin: 'ignore', secrets: [] });
    const { code, startError } = await program.ended;
    expect(code).to.equal(null);
    expect(startError).to.be.instanceOf(Error);
  });

  it('ends a program that will not, and what it started, within 2 s', async () => {
    const program = start('trap "" TERM; while :; do sleep 5; done');
    const startedAt = performance.now();
    await program.stop();
    await program.stop();
    expect(performance.now() - startedAt).to.be.lessThan(1_900);
    await expectCode(
      program.succeed(() => new SourceError('no')),
      'SOURCE_UNAVAILABLE',
    );
  });

  it('is stopped by its signal, before and after the start', async () => {
    for (const isEarly of [true, false]) {
      const abort = new AbortController();
      if (isEarly) abort.abort();
      const program = start('exec sleep 30', { signal: abort.signal });
      abort.abort();
      await expectCode(
        program.succeed(() => new SourceError('no')),
        'CANCELLED',
      );
    }
  });

  it('takes no more than the program reads', async () => {
    const program = start('exec sleep 30', { stdin: 'pipe' });
    const feeding = program.feed(Buffer.alloc(8 * 1024 * 1024)).then(() => 'taken');
    const waiting = new Promise((resolve) => setTimeout(resolve, 200, 'waiting'));
    expect(await Promise.race([feeding, waiting])).to.equal('waiting');
    await program.stop();
    expect(await program.feed(Buffer.alloc(1))).to.equal(false);
  });
});
