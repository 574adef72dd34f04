import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import jsonwebtoken from 'jsonwebtoken';
import { signToken } from '../../../src/cli/sign-token.js';
import { parseLifetime } from '../../../src/cli/token-command.js';

const PROGRAM = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const SECRET = 's'.repeat(32);

describe('signToken()', () => {
  const clock = { now: () => new Date('2025-01-02T08:00:00.900Z'), monotonicMs: () => 0 };
  const claims = {
    subject: 'ada',
    role: 'MANAGER',
    expiresInSeconds: 60,
    issuer: null,
    audience: null,
  } as const;
  const claimsOf = (token: string) => jsonwebtoken.decode(token, { complete: true });

  it('says who, which role and until when, and no more', () => {
    const decoded = claimsOf(signToken(SECRET, claims, clock));
    expect(decoded?.header.alg).to.equal('HS256');
    expect(decoded?.payload).to.deep.equal({ sub: 'ada', role: 'MANAGER', iat: 1735804800, exp: 1735804860 });
  });

  it('names issuer and audience where they are asked for', () => {
    const decoded = claimsOf(signToken(SECRET, { ...claims, issuer: 'pos', audience: 'backup' }, clock));
    expect(decoded?.payload).to.include({ iss: 'pos', aud: 'backup' });
  });
});

describe('parseLifetime()', () => {
  const CASES: [string, number][] = [
    ['90s', 90],
    ['30m', 1800],
    ['12h', 43_200],
    ['365d', 31_536_000],
  ];
  for (const [text, seconds] of CASES) {
    it(`reads ${text}`, () => expect(parseLifetime(text)).to.equal(seconds));
  }
  for (const text of ['', '12', 'h', '0s', '-1h', '1.5h', '366d', '1w', '9999999999s']) {
    it(`refuses "${text}"`, () => expect(() => parseLifetime(text)).to.throw('Expected a number'));
  }
});

describe('tillvault', () => {
  let cwd: string;

  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'tillvault-cli-'));
  });
  afterEach(() => rm(cwd, { recursive: true, force: true }));

  function run(args: string[], env: Record<string, string> = {}) {
    return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [PROGRAM, ...args], { cwd, env }, (error, stdout, stderr) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });
  }

  describe('token', () => {
    it('prints nothing but a token that the secret verifies', async () => {
      const { stdout } = await run(['token', '--subject', 'ada', '--expires', '5m'], { JWT_SECRET: SECRET });
      const payload = jsonwebtoken.verify(stdout.trim(), SECRET) as jsonwebtoken.JwtPayload;
      expect(payload).to.include({ sub: 'ada', role: 'ADMIN' });
      expect(payload.exp! - payload.iat!).to.equal(300);
    });

    it('uses the secret that it made before', async () => {
      const first = await run(['token']);
      const second = await run(['token']);
      expect(first.stderr).to.include('JWT_SECRET is not set: one was made');
      expect(second.stderr).not.to.include('was made');
      const secret = (await readFile(join(cwd, 'data/jwt-secret'), 'utf8')).trim();
      for (const { stdout } of [first, second]) jsonwebtoken.verify(stdout.trim(), secret);
    });

    it('says whom to ask when the private key is elsewhere', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const { status, stderr, stdout } = await run(['token'], { JWT_PUBLIC_KEY: pem });
      expect(status).to.equal(1);
      expect(stdout).to.equal('');
      expect(stderr)
        .to.include('JWT_PUBLIC_KEY')
        .and.to.include('ask whoever holds it')
        .and.not.to.include(' at ');
    });

    it('lists what is wrong with the configuration', async () => {
      const { status, stderr } = await run(['token'], { PORT: 'x', LOG_LEVEL: 'y' });
      expect(status).to.equal(1);
      expect(stderr).to.include('2 problems').and.to.include('PORT').and.to.include('LOG_LEVEL');
    });
  });

  it('explains itself', async () => {
    const { status, stdout } = await run(['--help']);
    expect(status).to.equal(0);
    expect(stdout).to.include('demo').and.to.include('token');
  });

  it('refuses a number of rows that it cannot make', async () => {
    const { status, stderr } = await run(['demo', '--rows', '10']);
    expect(status).to.equal(1);
    expect(stderr).to.include('Expected a whole number');
  });
});
