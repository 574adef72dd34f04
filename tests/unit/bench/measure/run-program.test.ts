import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CancelledError } from '../../../../src/shared/errors.js';
import { canMeasureProcesses } from '../../../bench/measure/process-usage.js';
import { askVersion, runMeasured } from '../../../bench/measure/run-program.js';
import { findPrograms } from '../../../support/process-list.js';

describe('runMeasured()', () => {
  const signal = new AbortController().signal;

  it('counts the CPU time and memory of what a program starts', async function () {
    if (!canMeasureProcesses) this.skip();
    const burn = 'const held = Buffer.alloc(8e7, 1); while (process.cpuUsage().user < 3e5) held[0]++';
    const command = ['bash', '-c', '"$0" -e "$1"; true', process.execPath, burn] as const;
    const { cpuSeconds, peakBytes, seconds } = await runMeasured({ command, folder: '/', signal });
    expect(cpuSeconds).to.be.within(0.25, 2 * seconds + 0.1);
    expect(peakBytes).to.be.greaterThan(8e7);
  });

  it('fails with what the program printed', async () => {
    const command = ['bash', '-c', 'echo broken >&2; exit 3'] as const;
    const error = await runMeasured({ command, folder: '/', signal }).catch((thrown: unknown) => thrown);
    expect(String(error))
      .to.match(/ended with 3/)
      .and.match(/broken/);
  });

  it('ends a whole pipeline when it is cancelled', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tillvault-run-program-'));
    const interrupt = new AbortController();
    const command = ['bash', '-c', 'touch started; sleep 47.11 | sleep 47.11'] as const;
    const running = runMeasured({ command, folder, signal: interrupt.signal });
    running.catch(() => {}); // looked at below
    while (!(await readdir(folder)).includes('started')) await new Promise(setImmediate);
    interrupt.abort();
    const error = await running.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(CancelledError);
    if (canMeasureProcesses) expect(findPrograms('sleep 47.11')).to.deep.equal([]);
    await rm(folder, { recursive: true });
  });

  it('knows that a program is not there', async () => {
    expect(await askVersion(['tillvault-is-not-this'], signal)).to.equal(null);
  });
});
