import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLogger, createScrubber } from '../../../src/app/create-logger.js';
import { codeOf } from '../../support/service-kit.js';

describe('createScrubber()', () => {
  const hide = createScrubber(['hunter2hunter2', 'with "quotes"']);

  for (const [what, line, expected] of [
    ['a secret', '{"msg":"is hunter2hunter2!"}', '{"msg":"is [redacted]!"}'],
    ['a secret that JSON escapes', JSON.stringify({ msg: 'is with "quotes"' }), '{"msg":"is [redacted]"}'],
    ['a token', '{"a":"Bearer eyJhbGciOi.eyJzdWIi.c2ln"}', '{"a":"Bearer [redacted]"}'],
    ['the password of an address', '{"a":"postgres://u:p@h/d"}', '{"a":"postgres://[redacted]@h/d"}'],
    ['nothing of an address without one', '{"a":"file:///x@y"}', '{"a":"file:///x@y"}'],
  ] as const) {
    it(`takes out ${what}`, () => {
      expect(hide(line)).to.equal(expected);
      expect(() => JSON.parse(hide(line))).not.to.throw();
    });
  }
});

describe('createLogger()', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-log-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('begins another file when one is full, and keeps only so many', async () => {
    const file = { path: join(folder, 'a.log'), maxBytes: 2_000, kept: 2 };
    const { logger, close } = await createLogger({
      level: 'info',
      file,
      secrets: [],
      standardError: { write: () => {} },
    });
    for (let line = 0; line < 60; line++) {
      logger.info({ line }, 'x'.repeat(200));
      await new Promise((done) => setTimeout(done, 5));
    }
    await close();
    const names = await readdir(folder);
    expect(names.length).to.be.within(2, 3);
    for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).to.equal(0o600);
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    const lines = texts.join('').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { line: number }).line)).to.include(59);
  });

  it('refuses a file that cannot be written, saying why', async () => {
    await writeFile(join(folder, 'taken'), '');
    const file = { path: join(folder, 'taken', 'a.log'), maxBytes: 2_000, kept: 2 };
    expect(await codeOf(createLogger({ level: 'info', file, secrets: [] }))).to.equal('SERVICE_UNAVAILABLE');
  });

  it('ends also when the disk takes nothing more', async () => {
    await symlink('/dev/full', join(folder, 'a.1.log'));
    const file = { path: join(folder, 'a.log'), maxBytes: 1_000_000, kept: 2 };
    const lines: string[] = [];
    const standardError = { write: (line: string) => void lines.push(line) };
    const { logger, close } = await createLogger({ level: 'info', file, secrets: [], standardError });
    logger.info('one');
    await close();
    expect(lines).to.have.length(1);
  });
});
