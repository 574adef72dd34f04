import { expect } from 'chai';
import { MysqlDumpFilter } from '../../../src/sources/mysql-dump-filter.js';
import { disableEvents } from '../../../src/sources/mysql-proof.js';

const DUMP = [
  'INSERT INTO `t` VALUES (1);',
  'ALTER DATABASE `my``till ü` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;',
  'DELIMITER ;;',
  'CREATE PROCEDURE p() BEGIN',
  'ALTER DATABASE `my``till ü` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;',
  'END ;;',
  'DELIMITER ;',
  'ALTER DATABASE `my``till ü` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ;',
  'ALTER DATABASE `x` ENCRYPTION=1 ;',
  `ALTER DATABASE \`${'x'.repeat(5000)}`,
  'ALTER',
].join('\n');

const LOADED = DUMP.split('\n')
  .map((line, at) => ([1, 7].includes(at) ? line.replace(/`.*`/, '`fre``sh`') : line))
  .join('\n');

describe('filter of a MySQL dump', () => {
  async function pass(dump: string, sizeBytes: number): Promise<string> {
    const parts: Buffer[] = [];
    const loader = {
      write: async (bytes: Uint8Array) => void parts.push(Buffer.from(bytes)),
      end: async () => {},
      stop: async () => {},
    };
    const filter = new MysqlDumpFilter(loader, 'fre`sh');
    const bytes = Buffer.from(dump);
    for (let at = 0; at < bytes.length; at += sizeBytes)
      await filter.write(bytes.subarray(at, at + sizeBytes));
    await filter.end();
    return Buffer.concat(parts).toString();
  }

  it("writes the restored schema's name where the dump changes the defaults of its own, and only there", async () => {
    expect(await pass(DUMP, 1_000_000)).to.equal(LOADED);
  });

  it('does the same however the dump is cut', async () => {
    for (const sizeBytes of [1, 2, 7, 64, 1023, 1024, 1025]) {
      expect(await pass(DUMP, sizeBytes), `${sizeBytes} bytes`).to.equal(LOADED);
    }
  });
});

describe('events that are only tried', () => {
  it('are disabled, whatever they say', () => {
    const event = (state: string) =>
      `/*!50106 CREATE*/ /*!50117 DEFINER=\`a\`@\`b\`*/ /*!50106 EVENT \`e\` ON SCHEDULE EVERY 1 DAY ON COMPLETION NOT PRESERVE ${state} COMMENT 'ENABLE' DO SELECT ' ON COMPLETION PRESERVE ENABLE' */ ;;`;
    expect(disableEvents(`${event('ENABLE')}\n${event('DISABLE')}\n${event('ENABLE')}`)).to.equal(
      `${event('DISABLE')}\n${event('DISABLE')}\n${event('DISABLE')}`,
    );
  });
});
