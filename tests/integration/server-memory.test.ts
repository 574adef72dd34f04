import { expect } from 'chai';
import { MiB } from '../../src/shared/bytes.js';
import { ServerProcess } from '../support/server-process.js';

/** What is left of the 300 MB that the whole process may take goes to operations. */
const MAX_IDLE_BYTES = 185 * MiB;
const MAX_PEAK_BYTES = 300 * MiB;

describe('server memory', function () {
  this.timeout(60_000);
  let server: ServerProcess;

  before(async function () {
    if (process.platform !== 'linux') this.skip();
    server = await ServerProcess.start();
  });

  after(() => server?.[Symbol.asyncDispose]());

  it('is below 185 MB once it listens, with a migrated database', async () => {
    await server.stop();
    await server.start();
    expect(server.memory().residentBytes).to.be.below(MAX_IDLE_BYTES);
  });

  it('peaks below 300 MB when it makes its metadata, backs up and restores', async () => {
    const { id } = await server.backUp();
    await server.restore({ backupId: id, overwrite: true });
    expect(server.memory().peakBytes).to.be.below(MAX_PEAK_BYTES);
  });
});
