import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  findProgram,
  type ProgramVersion,
  parseProgramVersion,
} from '../../../src/sources/server-programs.js';
import { expectCode } from '../../support/engine-till.js';

describe('server programs', () => {
  const VERSIONS: [string, ProgramVersion][] = [
    ['pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)', { flavour: 'PostgreSQL', major: 15, minor: 20 }],
    ['pg_restore (PostgreSQL) 18beta1', { flavour: 'PostgreSQL', major: 18, minor: 0 }],
    [
      'mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)',
      { flavour: 'MariaDB', major: 10, minor: 11 },
    ],
    ['mariadb from 11.4.2-MariaDB, client 15.2 for Linux', { flavour: 'MariaDB', major: 11, minor: 4 }],
    [
      'mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)',
      { flavour: 'MySQL', major: 8, minor: 0 },
    ],
    ['mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)', { flavour: 'MySQL', major: 5, minor: 7 }],
  ];
  for (const [text, version] of VERSIONS) {
    it(`reads "${text.slice(0, 50)}"`, () => {
      expect(parseProgramVersion(text)).to.deep.equal(version);
    });
  }

  it('reads nothing from other words', () => {
    expect(parseProgramVersion('command not found')).to.equal(null);
  });

  describe('findProgram()', () => {
    let folder: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'tillvault-programs-'));
    });

    afterEach(() => rm(folder, { recursive: true }));

    async function addProgram(name: string, version: string): Promise<string> {
      const path = join(folder, name);
      await writeFile(path, `#!/bin/sh\necho '${version}'\n`);
      await chmod(path, 0o755);
      return path;
    }

    const find = (flavour: ProgramVersion['flavour'], major: number) =>
      findProgram({ names: ['tv_new', 'tv_old', 'tv_exact'], server: { flavour, major, minor: 0 } }, [
        folder,
      ]);

    it("prefers the server's own version, then the oldest newer one", async () => {
      const newest = await addProgram('tv_new', 'x (PostgreSQL) 18.1');
      const exact = await addProgram('tv_exact', 'x (PostgreSQL) 16.1');
      expect(await find('PostgreSQL', 16)).to.equal(exact);
      expect(await find('PostgreSQL', 15)).to.equal(exact);
      expect(await find('PostgreSQL', 17)).to.equal(newest);
    });

    it('refuses older ones, those of another make, and none, saying what to install', async () => {
      await addProgram('tv_old', 'x (PostgreSQL) 14.1');
      const error = await expectCode(find('PostgreSQL', 16), 'SOURCE_UNAVAILABLE');
      expect(error.message).to.include('found version 14').and.include('postgresql-client-16');
      expect((await expectCode(find('MySQL', 8), 'SOURCE_UNAVAILABLE')).message).to.include('found none');
    });
  });
});
