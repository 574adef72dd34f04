import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { scaled } from '../support/scale.js';

const PROGRAM = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

describe('tillvault demo', function () {
  this.timeout(scaled(90_000, 600_000));
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-demo-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Everything temporary goes to `folder`, so that what is left behind can be seen. */
  const start = (...args: string[]) =>
    spawn(process.execPath, [PROGRAM, 'demo', '--rows', String(scaled(20_000, 2_000_000)), ...args], {
      env: { TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('proves that everything is what it was, serves until it is stopped, and leaves nothing behind', async () => {
    const demo = start('--serve');
    const errors = text(demo.stderr);
    let output = '';
    for await (const piece of demo.stdout) {
      output += String(piece);
      if (output.includes('Ctrl-C')) break;
    }
    expect(output).to.match(/Proved: [\d,]+ files .* rows/);
    expect(output).to.match(/Proved: the backup of the selling till is one moment of it/);
    const [, url = '', token = ''] = /curl (\S+)[\s\S]*Authorization: (Bearer \S+)'/.exec(output) ?? [];
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: token, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ backups { summary { completed } } }' }),
    });
    const answered = await answer.json();
    demo.kill('SIGINT');
    const [status] = await once(demo, 'close');
    expect(status, await errors).to.equal(0);
    // Three that the demo asked for, and the restore point of its last restore.
    expect(answered).to.deep.equal({ data: { backups: { summary: { completed: 4 } } } });
    expect(await readdir(folder)).to.be.empty;
  });

  it('cleans up when nobody reads its output any more', async () => {
    const demo = start();
    await once(demo.stdout, 'data');
    demo.stdout.destroy();
    await once(demo, 'close');
    expect(await readdir(folder)).to.be.empty;
  });

  it('cleans up when it is interrupted', async () => {
    const demo = start();
    demo.stdout.on('data', (piece) => {
      if (String(piece).includes('First backup')) demo.kill('SIGINT');
    });
    const [status] = await once(demo, 'close');
    expect(status).to.equal(130);
    expect(await readdir(folder)).to.be.empty;
  });
});
