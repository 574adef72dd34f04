import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { AppError } from '../../../src/shared/errors.js';
import type { HookRun } from '../../../src/shared/hook.js';
import { createHookRunner } from '../../../src/sources/hook-program.js';

const RUN: HookRun = {
  moment: 'beforeBackup',
  operation: 'backup',
  id: '12',
  status: 'RUNNING',
  components: ['DATABASE', 'FILES'],
};

describe('createHookRunner()', function () {
  this.timeout(20_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-hook-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Runs a script with arguments. @returns the error's code and message, or null */
  async function run(
    script: string,
    {
      args = [],
      timeoutMs = 10_000,
      signal,
    }: { args?: string[]; timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<{ code: string; message: string } | null> {
    const path = join(folder, 'hook.sh');
    await writeFile(path, `#!/bin/sh\ncd ${folder}\n${script}\n`);
    await chmod(path, 0o700);
    try {
      await createHookRunner({ beforeBackup: [path, ...args] }, { timeoutMs })(RUN, signal);
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { code: error.code, message: error.message };
    }
  }

  const read = (name: string) => readFile(join(folder, name), 'utf8');

  /** Whether a process is there and is no zombie. */
  async function isAlive(pid: string): Promise<boolean> {
    const stat = await readFile(`/proc/${pid.trim()}/stat`, 'utf8').catch(() => '');
    return stat !== '' && !/\) Z /.test(stat);
  }

  it('tells the program what happens, and nothing of the server', async () => {
    process.env.BACKUP_ENCRYPTION_KEY_OF_TEST = 'secret';
    try {
      expect(await run('env > env')).to.equal(null);
    } finally {
      delete process.env.BACKUP_ENCRYPTION_KEY_OF_TEST;
    }
    const names = (await read('env')).split('\n').map((line) => line.split('=')[0]);
    expect(names.filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name!)).sort()).to.deep.equal(
      ['LC_ALL', 'PATH', 'TILLVAULT_COMPONENTS', 'TILLVAULT_ID', 'TILLVAULT_OPERATION', 'TILLVAULT_STATUS'],
    );
    expect(await read('env')).to.contain('TILLVAULT_COMPONENTS=DATABASE,FILES\n');
  });

  it('gives arguments as they are, without a shell', async () => {
    const args = ['a b', '$(id); `id`', '*', ''];
    expect(await run('for a; do echo "<$a>"; done > args', { args })).to.equal(null);
    expect(await read('args')).to.equal(args.map((each) => `<${each}>\n`).join(''));
  });

  it('says which hook failed, how, and what it said last', async () => {
    const failed = await run(
      'for n in 1 2 3 4 5 6 7; do echo "line $n"; done; printf "tab\\there" >&2; exit 3',
    );
    expect(failed?.code).to.equal('HOOK_FAILED');
    expect(failed?.message).to.contain('HOOK_BEFORE_BACKUP ("hook.sh") ended with status 3');
    expect(failed?.message)
      .to.match(/line 7; tab here$/)
      .and.not.to.contain('line 2');
  });

  it('limits what it repeats, however much a program says', async () => {
    const failed = await run('head -c 20000000 /dev/zero | tr "\\0" x; exit 1');
    expect(failed?.message.length).to.be.lessThan(800);
  });

  it('fails when the program cannot be started', async () => {
    const hook = createHookRunner({ beforeBackup: ['/no/such/program'] }, { timeoutMs: 1_000 });
    const error: unknown = await hook(RUN).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AppError);
    expect((error as AppError).message).to.contain('cannot be started');
  });

  it('ends a program that takes too long, with everything that it started', async () => {
    const started = performance.now();
    const failed = await run(
      '(sh -c \'trap "" TERM; echo $$ > child; while :; do sleep 0.1; done\') & wait',
      {
        timeoutMs: 500,
      },
    );
    expect(failed?.code).to.equal('HOOK_FAILED');
    expect(failed?.message).to.contain('more than 0.5 seconds');
    expect(performance.now() - started).to.be.lessThan(8_000);
    await wait(100);
    expect(await isAlive(await read('child'))).to.equal(false);
  });

  it('is cancelled', async () => {
    const controller = new AbortController();
    const work = run('echo $$ > pid; sleep 60', { signal: controller.signal });
    await wait(300);
    controller.abort();
    expect((await work)?.code).to.equal('CANCELLED');
    expect(await isAlive(await read('pid'))).to.equal(false);
  });

  it('does not begin when it is cancelled already', async () => {
    expect((await run('touch begun', { signal: AbortSignal.abort() }))?.code).to.equal('CANCELLED');
    expect(await read('begun').catch(() => null)).to.equal(null);
  });

  it('does not wait for a daemon that it leaves behind, nor ends it', async () => {
    const started = performance.now();
    expect(await run('sleep 30 & echo $! > daemon; exit 0')).to.equal(null);
    expect(performance.now() - started).to.be.lessThan(5_000);
    const daemon = await read('daemon');
    expect(await isAlive(daemon)).to.equal(true);
    process.kill(Number(daemon), 'SIGKILL');
  });

  it('does nothing at a moment that has no hook', async () => {
    await createHookRunner({ afterBackup: ['/no/such/program'] }, { timeoutMs: 1_000 })(RUN);
  });
});
