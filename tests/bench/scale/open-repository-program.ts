/**
 * Opens a repository in a process of its own, and prints what that took as JSON. Arguments: the folder, the key.
 * What the process holds without a repository is measured first.
 */
import { Repository } from '../../../src/engine/repository/repository.js';
import { systemClock } from '../../../src/shared/clock.js';
import { systemRandom } from '../../../src/shared/random.js';
import { FileStore } from '../../../src/storage/file-store.js';
import { peakBytes, resetPeak, residentBytes } from '../measure/process-usage.js';

const [folder, passphrase] = process.argv.slice(2);
if (folder === undefined || passphrase === undefined) throw new Error('Expected a folder and a key');

const idleBytes = residentBytes(process.pid);
resetPeak(process.pid);
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
const repository = await Repository.open(
  {
    store: new FileStore(folder, { uniqueName: () => systemRandom.uuid().replaceAll('-', '') }),
    clock: systemClock,
    random: systemRandom.bytes,
    onWarning: (message) => process.stderr.write(`${message}\n`),
  },
  { passphrase, mayCreate: false },
);
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
const opened = {
  seconds,
  cpuSeconds: (user + system) / 1e6,
  chunks: repository.index.size,
  snapshots: [...repository.catalogue()].length,
  idleBytes,
  peakBytes: peakBytes(process.pid),
  keptBytes: residentBytes(process.pid),
};
process.stdout.write(`${JSON.stringify(opened)}\n`);
