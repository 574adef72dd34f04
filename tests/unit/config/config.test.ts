import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  ConfigError,
  digestConfig,
  type Environment,
  listSecrets,
  loadConfig,
  readEnvironment,
} from '../../../src/config.js';
import { systemRandom } from '../../../src/shared/random.js';

describe('config', () => {
  let cwd: string;

  beforeEach(async () => {
    cwd = await realpath(await mkdtemp(join(tmpdir(), 'tillvault-config-')));
  });
  afterEach(() => rm(cwd, { recursive: true, force: true }));

  const load = (environment: Environment = {}) => loadConfig(environment, { cwd, random: systemRandom });

  function problemsOf(environment: Environment): readonly string[] {
    try {
      load(environment);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  }

  function expectProblem(environment: Environment, ...patterns: RegExp[]): void {
    const problems = problemsOf(environment);
    expect(problems, problems.join('\n')).to.have.length(patterns.length);
    for (const [at, pattern] of patterns.entries()) expect(problems[at]).to.match(pattern);
  }

  const SECRETS = { BACKUP_ENCRYPTION_KEY: 'k'.repeat(16), JWT_SECRET: 's'.repeat(32) };

  describe('loadConfig()', () => {
    it('takes an empty RESTORE_TEST_CRON and VERIFY_DAYS=0 for never', () => {
      const { restoreTestCron, verifyDays } = load({ RESTORE_TEST_CRON: '', VERIFY_DAYS: '0' });
      expect([restoreTestCron, verifyDays]).to.deep.equal([null, 0]);
    });

    it('refuses VERIFY_DAYS beyond a year', () => {
      expectProblem({ VERIFY_DAYS: '366' }, /^VERIFY_DAYS: expected a whole number of days/);
    });

    context('when nothing is set', () => {
      it('uses the defaults', () => {
        const config = load();
        expect(config).to.deep.include({
          isProduction: false,
          host: '127.0.0.1',
          port: 4000,
          logLevel: 'info',
          shutdownGraceMs: 30_000,
          posRoot: cwd,
          dataDir: join(cwd, 'data'),
          restoreDir: join(cwd, 'restore'),
          tempDir: join(cwd, 'temp'),
          verifyDays: 30,
          restoreTestCron: '30 3 * * 0',
          redisUrl: null,
        });
        expect(config.database).to.deep.equal({ kind: 'sqlite', path: join(cwd, 'prisma/dev.db') });
        expect(config.metadataUrl).to.equal(`file:${join(cwd, 'data/tillvault.db')}`);
        expect(config.storage).to.deep.equal({ kind: 'file', folder: join(cwd, 'backups') });
        expect(config.configRoots).to.deep.equal([{ label: 'config', path: join(cwd, 'config') }]);
      });

      it('makes the secrets once and keeps them in files that only the owner reads', async () => {
        const first = load();
        const second = load();
        expect(second.encryptionKey)
          .to.equal(first.encryptionKey)
          .and.to.match(/^[0-9a-f]{64}$/);
        expect(second.jwt.key).to.deep.equal(first.jwt.key);
        expect(first.generatedSecrets.map((secret) => secret.isNew)).to.deep.equal([true, true]);
        expect(second.generatedSecrets.map((secret) => secret.isNew)).to.deep.equal([false, false]);
        for (const { file } of first.generatedSecrets)
          expect((await stat(file)).mode & 0o777).to.equal(0o600);
        expect((await stat(first.dataDir)).mode & 0o777).to.equal(0o700);
      });

      it('is frozen in depth', () => {
        const config = load();
        expect(config).to.be.frozen;
        expect(config.jwt.key).to.be.frozen;
        expect(config.configRoots[0]).to.be.frozen;
      });
    });

    it('cleans up daily, or never when told so with an empty value', () => {
      expect(load().cleanupCron).to.equal('30 4 * * *');
      expect(load({ CLEANUP_CRON: '0 5 * * 0' }).cleanupCron).to.equal('0 5 * * 0');
      expect(load({ CLEANUP_CRON: '' }).cleanupCron).to.equal(null);
    });

    it('takes hooks as a path or as a list of a program and its arguments', () => {
      const { hooks, hookTimeoutMs } = load({
        HOOK_BEFORE_BACKUP: '/bin/true',
        HOOK_AFTER_RESTORE: '["/bin/echo", "a b", "$HOME"]',
        HOOK_TIMEOUT_SECONDS: '5',
      });
      expect(hooks).to.deep.equal({
        beforeBackup: ['/bin/true'],
        afterBackup: null,
        beforeRestore: null,
        afterRestore: ['/bin/echo', 'a b', '$HOME'],
      });
      expect(hookTimeoutMs).to.equal(5_000);
    });

    it('counts an empty variable as absent', () => {
      expect(load({ PORT: '', JWT_PUBLIC_KEY: '', CACHE_PATHS: '' }).port).to.equal(4000);
    });

    it('makes no secret and no folder when there is a problem', async () => {
      expectProblem({ PORT: 'x' }, /^PORT/);
      const found = await stat(join(cwd, 'data')).catch((error: NodeJS.ErrnoException) => error.code);
      expect(found).to.equal('ENOENT');
    });

    it('refuses a kept secret that others can read', async () => {
      await mkdir(join(cwd, 'data'));
      await writeFile(join(cwd, 'data/jwt-secret'), 'a'.repeat(64), { mode: 0o644 });
      expectProblem({ BACKUP_ENCRYPTION_KEY: SECRETS.BACKUP_ENCRYPTION_KEY }, /^JWT_SECRET: .*mode 0644/);
    });

    it('refuses a kept secret that was cut', async () => {
      await mkdir(join(cwd, 'data'));
      await writeFile(join(cwd, 'data/backup-encryption-key'), 'abc', { mode: 0o600 });
      expectProblem({}, /^BACKUP_ENCRYPTION_KEY: expected 64 hex digits/);
    });

    it('lists every problem at once', () => {
      expectProblem(
        {
          NODE_ENV: 'production',
          PORT: '70000',
          LOG_LEVEL: 'loud',
          DATABASE_URL: 'oracle://till',
          STORAGE_URL: 'ftp://host/x',
          BACKUP_ENCRYPTION_KEY: 'short',
        },
        /^PORT: expected a whole number from 0 to 65535, found "70000"$/,
        /^LOG_LEVEL: expected one of trace.*, found "loud"$/,
        /^DATABASE_URL: expected file:/,
        /^STORAGE_URL: expected file:/,
        /^JWT_SECRET: expected it, JWT_PUBLIC_KEY or JWT_JWKS_URL in production/,
        /^BACKUP_ENCRYPTION_KEY: expected at least 16 characters, found 5 characters$/,
      );
    });

    const WRONG: [string, string][] = [
      ['PORT', '-1'],
      ['PORT', '4e3'],
      ['PORT', '65536'],
      ['SHUTDOWN_GRACE_SECONDS', '3601'],
      ['NODE_ENV', 'prod'],
      ['HOST', 'a b'],
      ['CONFIG_PATHS', 'a,,b'],
      ['DATABASE_URL', 'file:'],
      ['DATABASE_URL', 'file://elsewhere/x.db'],
      ['METADATA_DATABASE_URL', 'mysql://host/db'],
      ['STORAGE_URL', './backups'],
      ['HOOK_BEFORE_BACKUP', 'stop-till.sh'],
      ['HOOK_BEFORE_BACKUP', './stop-till.sh'],
      ['HOOK_AFTER_BACKUP', '/no/such/program'],
      ['HOOK_AFTER_BACKUP', '/tmp'],
      ['HOOK_BEFORE_RESTORE', '["/bin/true"'],
      ['HOOK_BEFORE_RESTORE', '[]'],
      ['HOOK_BEFORE_RESTORE', '["/bin/true", 1]'],
      ['HOOK_AFTER_RESTORE', '/etc/passwd'],
      ['HOOK_TIMEOUT_SECONDS', '0'],
      ['HOOK_TIMEOUT_SECONDS', '3601'],
      ['REDIS_URL', 'http://host'],
      ['JWT_JWKS_URL', 'http://keys.example/jwks'],
      ['JWT_PUBLIC_KEY', './absent.pem'],
      ['FILES_PATHS', '/'],
    ];
    for (const [variable, value] of WRONG) {
      it(`refuses ${variable}=${value.slice(0, 40)}`, () => {
        const problems = problemsOf({ [variable]: value });
        expect(problems[0]).to.match(new RegExp(`^${variable}: expected `));
      });
    }

    for (const [url, expected] of [
      ['postgresql://host', /names no database/],
      ['postgresql://till:a%ZZ@host/pos', /holds a "%"/],
      ['mysql://till@host/pos?sslmode=maybe', /an sslmode that does not exist/],
      ['mysql://till@host/p%00s', /NUL/],
      ['postgresql://till@a:5432,b:5433/pos', /several hosts/],
      ['mysql://till@host/pos?port=99999', /port that does not exist/],
      ['mysql://till:hunter2@host:port/pos', /cannot be understood/],
    ] as const) {
      it(`says what is wrong with DATABASE_URL=${url}`, () => {
        const problems = problemsOf({ DATABASE_URL: url });
        expect(problems).to.have.length(1);
        expect(problems[0])
          .to.match(/^DATABASE_URL: /)
          .and.match(expected)
          .and.not.include('hunter2');
      });
    }

    it('says what is wrong with METADATA_DATABASE_URL', () => {
      expectProblem(
        { METADATA_DATABASE_URL: 'postgresql://till:a%ZZ@host/pos' },
        /^METADATA_DATABASE_URL: .*"%"/,
      );
    });

    for (const scheme of ['s3://bucket/x', 'azure://container']) {
      it(`says that ${scheme} arrives later`, () => {
        expectProblem(
          { STORAGE_URL: scheme },
          /^STORAGE_URL: (s3|azure): storage arrives in a later version/,
        );
      });
    }

    it('never shows a secret', () => {
      const secret = 'hunter2-hunter2';
      const problems = problemsOf({
        NODE_ENV: 'production',
        BACKUP_ENCRYPTION_KEY: secret,
        JWT_SECRET: secret,
        DATABASE_URL: `oracle://till:${secret}@host/pos`,
        STORAGE_URL: `ftp://till:${secret}@host/x`,
        REDIS_URL: `http://:${secret}@host`,
      });
      expect(problems).to.have.length(5);
      expect(problems.join('\n')).not.to.include(secret);
    });

    it('warns of secrets that production would refuse', () => {
      const { warnings } = load({ BACKUP_ENCRYPTION_KEY: 'short', JWT_SECRET: 's'.repeat(31) });
      expect(warnings).to.have.length(2);
      expect(load(SECRETS).warnings).to.be.empty;
    });

    context('when in production', () => {
      it('refuses to start without an encryption key and a token key', () => {
        expectProblem({ NODE_ENV: 'production' }, /^BACKUP_ENCRYPTION_KEY/, /^JWT_SECRET/);
      });

      it('refuses secrets that are short', () => {
        const short = { BACKUP_ENCRYPTION_KEY: 'short', JWT_SECRET: 's'.repeat(31) };
        expectProblem(
          { NODE_ENV: 'production', ...short },
          /^BACKUP_ENCRYPTION_KEY: expected at least 16/,
          /^JWT_SECRET: expected at least 32/,
        );
      });

      it('starts with both and makes nothing', () => {
        const config = load({ NODE_ENV: 'production', ...SECRETS });
        expect(config.generatedSecrets).to.be.empty;
        expect(config.isProduction).to.equal(true);
      });
    });
  });

  describe('token key', () => {
    const pemOf = (pair: {
      publicKey: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer };
    }) => pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

    it('takes one of the three and no more', () => {
      expectProblem({ ...SECRETS, JWT_JWKS_URL: 'https://keys.example/jwks' }, /exactly one of the three/);
    });

    it('takes a public key as text, also with \\n for line breaks', () => {
      const key = load({ JWT_PUBLIC_KEY: pemOf(ec).replaceAll('\n', '\\n') }).jwt.key;
      expect(key).to.deep.equal({ kind: 'publicKey', pem: pemOf(ec) });
    });

    it('takes the path of a public key', async () => {
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
      await writeFile(join(cwd, 'key.pem'), pemOf(rsa));
      expect(load({ JWT_PUBLIC_KEY: 'key.pem' }).jwt.key).to.deep.equal({
        kind: 'publicKey',
        pem: pemOf(rsa),
      });
    });

    it('refuses a private key without showing it', () => {
      const pem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const problems = problemsOf({ JWT_PUBLIC_KEY: pem });
      expect(problems[0]).to.include('found a private key');
      expect(problems[0]).not.to.include(pem.slice(30, 60));
    });

    const WEAK = {
      'an RSA key of 1024 bits': () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
      'a key of type ec on secp256k1': () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      'a key of type ed25519': () => generateKeyPairSync('ed25519'),
    };
    for (const [name, make] of Object.entries(WEAK)) {
      it(`refuses ${name}`, () => expect(problemsOf({ JWT_PUBLIC_KEY: pemOf(make()) })[0]).to.include(name));
    }

    it('takes a JWKS address, issuer and audience', () => {
      const url = 'https://keys.example/jwks';
      const { jwt } = load({ JWT_JWKS_URL: url, JWT_ISSUER: 'pos', JWT_AUDIENCE: 'backup' });
      expect(jwt).to.deep.equal({ key: { kind: 'jwks', url }, issuer: 'pos', audience: 'backup' });
    });
  });

  describe('places', () => {
    it('resolves the till below POS_ROOT and the rest below the working folder', () => {
      const config = load({
        POS_ROOT: 'pos',
        DATABASE_URL: 'file:./db/pos.db?mode=rw',
        FILES_PATHS: 'a, b/c ,/srv/x',
      });
      expect(config.database).to.deep.equal({ kind: 'sqlite', path: join(cwd, 'pos/db/pos.db') });
      expect(config.filesRoots).to.deep.equal([
        { label: 'a', path: join(cwd, 'pos/a') },
        { label: 'b/c', path: join(cwd, 'pos/b/c') },
        { label: 'srv/x', path: '/srv/x' },
      ]);
      expect(config.dataDir).to.equal(join(cwd, 'data'));
    });

    it('keeps the URL of a database server', () => {
      const url = 'postgresql://till:pw@db.example:5433/pos';
      expect(load({ DATABASE_URL: url }).database).to.deep.equal({ kind: 'postgresql', url });
      const local = 'postgresql:///pos?host=/var/run/postgresql';
      expect(load({ DATABASE_URL: local }).database).to.deep.equal({ kind: 'postgresql', url: local });
    });

    const CLASHES: [string, Environment, RegExp][] = [
      [
        'the same folder twice',
        { CONFIG_PATHS: 'a', FILES_PATHS: 'a/' },
        /FILES_PATHS: .*is the same as .* of CONFIG_PATHS/,
      ],
      [
        'a root inside a root',
        { CONFIG_PATHS: 'a', FILES_PATHS: 'a/b' },
        /FILES_PATHS: .*lies inside .* of CONFIG_PATHS/,
      ],
      [
        'a root around a root',
        { CONFIG_PATHS: 'a/b', FILES_PATHS: 'a' },
        /CONFIG_PATHS: .*lies inside .* of FILES_PATHS/,
      ],
      [
        'a root with the database',
        { DATABASE_URL: 'file:files/pos.db' },
        /FILES_PATHS: .*holds .* of DATABASE_URL/,
      ],
      ['a root with the data', { DATA_DIR: 'files/data' }, /FILES_PATHS: .*holds .* of DATA_DIR/],
      ['a root with the storage', { STORAGE_URL: 'file:cache/b' }, /CACHE_PATHS: .*holds .* of STORAGE_URL/],
      [
        'a root in the restore folder',
        { RESTORE_DIR: 'r', FILES_PATHS: 'r/f' },
        /FILES_PATHS: .*lies inside .* of RESTORE_DIR/,
      ],
      ['a root with the temporary folder', { TEMP_DIR: 'files/t' }, /FILES_PATHS: .*holds .* of TEMP_DIR/],
      [
        'a root with the metadata',
        { METADATA_DATABASE_URL: 'file:files/m.db' },
        /FILES_PATHS: .*holds .* of METADATA_DATABASE_URL/,
      ],
      [
        'restored files inside the storage',
        { RESTORE_DIR: 'backups/r' },
        /RESTORE_DIR: .*lies inside .* of STORAGE_URL/,
      ],
      ['one folder for two things', { RESTORE_DIR: 'temp' }, /RESTORE_DIR: .*is also TEMP_DIR/],
      [
        'two places of one name',
        { POS_ROOT: '/pos', FILES_PATHS: 'srv/x,/srv/x' },
        /FILES_PATHS: .*same place in a backup/,
      ],
      [
        'the database in the restore folder',
        { DATABASE_URL: 'file:restore/pos.db' },
        /DATABASE_URL: .*lies inside .* of RESTORE_DIR/,
      ],
      [
        'its own database as the till',
        { DATABASE_URL: 'file:m.db', METADATA_DATABASE_URL: 'file:m.db' },
        /DATABASE_URL: .*Tillvault's own/,
      ],
      [
        'its own database server as the till',
        { DATABASE_URL: 'postgresql://a:b@db/pos', METADATA_DATABASE_URL: 'postgres://c@DB:5432/pos?x=1' },
        /DATABASE_URL: .*Tillvault's own/,
      ],
    ];
    for (const [name, environment, pattern] of CLASHES) {
      it(`refuses ${name}`, () => expectProblem(environment, pattern));
    }

    it('looks through symbolic links', async () => {
      await mkdir(join(cwd, 'real'));
      await symlink('real', join(cwd, 'link'));
      expectProblem({ FILES_PATHS: 'link/x', CONFIG_PATHS: 'real' }, /FILES_PATHS: .*lies inside/);
      expectProblem(
        { DATABASE_URL: 'file:real/a.db', METADATA_DATABASE_URL: 'file:link/a.db' },
        /DATABASE_URL/,
      );
    });

    it('takes neighbours whose names begin alike', () => {
      expect(problemsOf({ CONFIG_PATHS: 'a', FILES_PATHS: 'ab', CACHE_PATHS: 'a.b' })).to.be.empty;
    });

    it('lets its own folders lie in DATA_DIR', () => {
      const inside = { STORAGE_URL: 'file:data/backups', RESTORE_DIR: 'data/restore', TEMP_DIR: 'data/temp' };
      expect(problemsOf(inside)).to.be.empty;
    });
  });

  describe('monitoring', () => {
    it('is off where nothing is said', () => {
      expect(load()).to.deep.include({
        auditRetentionDays: 400,
        metrics: { token: null, listen: null },
        alerts: { webhook: null, repeatMs: 86_400_000, minFreePercent: 10, maxAgeMs: null },
        logFile: null,
      });
    });

    it('takes what is said', () => {
      const config = load({
        METRICS_PORT: '9000',
        METRICS_TOKEN: 't'.repeat(16),
        ALERT_WEBHOOK_URL: 'https://example.org/hook',
        ALERT_WEBHOOK_SECRET: 's'.repeat(16),
        ALERT_MAX_AGE_HOURS: '26',
        LOG_FILE: 'logs/a.log',
      });
      expect(config.metrics).to.deep.equal({
        token: 't'.repeat(16),
        listen: { host: '127.0.0.1', port: 9000 },
      });
      expect(config.alerts).to.deep.include({
        webhook: { url: 'https://example.org/hook', secret: 's'.repeat(16) },
        maxAgeMs: 26 * 3_600_000,
      });
      expect(config.logFile).to.deep.equal({ path: join(cwd, 'logs/a.log'), maxBytes: 20_000_000, kept: 14 });
    });

    for (const [variable, value] of [
      ['AUDIT_RETENTION_DAYS', '0'],
      ['METRICS_TOKEN', 'short'],
      ['METRICS_TOKEN', 'with spaces in the token'],
      ['METRICS_PORT', '70000'],
      ['ALERT_WEBHOOK_SECRET', 'short'],
      ['ALERT_REPEAT_HOURS', '0'],
      ['ALERT_MIN_FREE_PERCENT', '100'],
      ['LOG_FILE', 'logs/'],
      ['LOG_FILES_KEPT', '0'],
    ] as const) {
      it(`refuses ${variable}=${value}`, () =>
        expectProblem({ [variable]: value }, new RegExp(`^${variable}: `)));
    }

    it('refuses an address for alerts that is not safe, without a secret, or with a password', () => {
      const secret = { ALERT_WEBHOOK_SECRET: 's'.repeat(16) };
      expectProblem(
        { ALERT_WEBHOOK_URL: 'http://example.org/hook', ...secret },
        /^ALERT_WEBHOOK_URL: .*found \d+ characters/,
      );
      expectProblem({ ALERT_WEBHOOK_URL: 'https://u:p@example.org/', ...secret }, /^ALERT_WEBHOOK_URL: /);
      expectProblem({ ALERT_WEBHOOK_URL: 'https://example.org/' }, /^ALERT_WEBHOOK_SECRET: /);
    });

    it('refuses a log file in a folder that is backed up', () => {
      expectProblem({ LOG_FILE: 'files/a.log' }, /LOG_FILE/);
    });
  });

  describe('digestConfig()', () => {
    it('changes with what is not secret, and only with that', () => {
      const digest = (environment: Environment) => digestConfig(load({ ...SECRETS, ...environment }));
      const base = digest({});
      expect(digest({}))
        .to.equal(base)
        .and.to.match(/^[0-9a-f]{64}$/);
      expect(digest({ BACKUP_ENCRYPTION_KEY: 'another key of the tests' })).to.equal(base);
      expect(digest({ JWT_SECRET: 'x'.repeat(40) })).to.equal(base);
      expect(digest({ PORT: '4001' })).not.to.equal(base);
      const at = (user: string) => digest({ DATABASE_URL: `postgresql://u:${user}@h/d` });
      expect(at('first')).to.equal(at('second')).and.not.to.equal(base);
    });
  });

  describe('listSecrets()', () => {
    it('holds every secret text, also those within addresses', () => {
      const config = load({
        ...SECRETS,
        DATABASE_URL: 'postgresql://u:p%40ssword@h/d',
        ALERT_WEBHOOK_URL: 'https://example.org/a-private-path?x=1',
        ALERT_WEBHOOK_SECRET: 'w'.repeat(16),
        METRICS_TOKEN: 'm'.repeat(16),
      });
      expect(listSecrets(config)).to.include.members([
        SECRETS.BACKUP_ENCRYPTION_KEY,
        SECRETS.JWT_SECRET,
        'p%40ssword',
        'p@ssword',
        '/a-private-path?x=1',
        'w'.repeat(16),
        'm'.repeat(16),
      ]);
    });
  });

  describe('readEnvironment()', () => {
    it('reads a .env file below the process environment', async () => {
      await writeFile(join(cwd, '.env'), 'TILLVAULT_TEST_ONLY="from file"\nPATH=nowhere\n');
      const environment = readEnvironment(cwd);
      expect(environment.TILLVAULT_TEST_ONLY).to.equal('from file');
      expect(environment.PATH).not.to.equal('nowhere');
    });

    it('refuses a .env that cannot be read', async () => {
      await mkdir(join(cwd, '.env'));
      expect(() => readEnvironment(cwd)).to.throw(ConfigError);
    });
  });

  it('keeps the secret in the file that it names', async () => {
    const { encryptionKey, generatedSecrets } = load();
    const [secret] = generatedSecrets;
    expect((await readFile(secret!.file, 'utf8')).trim()).to.equal(encryptionKey);
  });
});
