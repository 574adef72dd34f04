import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { type BackupUpdate, WorkerEngine } from '../../../../src/engine/index.js';
import { BATCH_CREDITS } from '../../../../src/engine/worker/protocol.js';
import { MiB } from '../../../../src/shared/bytes.js';
import { IntegrityError } from '../../../../src/shared/errors.js';
import { backupRequest, expectCode, PASSPHRASE, restoreRequest } from '../../../support/engine-till.js';
import type { EngineWorkerSettings } from '../../../support/engine-worker.js';

const ENTRY = new URL('../../../support/engine-worker.js', import.meta.url);

describe('WorkerEngine', () => {
  let folder: string;
  const engines: WorkerEngine[] = [];
  const workers: Worker[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-worker-'));
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close();
    for (const worker of workers.splice(0)) await worker.terminate();
    await rm(folder, { recursive: true, force: true });
  });

  function createEngine(changes: Partial<EngineWorkerSettings> = {}) {
    const settings: EngineWorkerSettings = {
      storageFolder: join(folder, 'repository'),
      passphrase: PASSPHRASE,
      sizeBytes: MiB,
      onRead: 'nothing',
      ...changes,
    };
    const warnings: string[] = [];
    const engine = new WorkerEngine({
      startWorker: () => {
        const worker = new Worker(ENTRY, { workerData: settings, stderr: true });
        workers.push(worker);
        return worker;
      },
      onWarning: (message) => warnings.push(message),
    });
    engines.push(engine);
    return { engine, settings, warnings };
  }

  /** Threads that have not ended. */
  const alive = () => workers.filter(({ threadId }) => threadId !== -1).length;

  it('backs up, lists, restores and deletes in its thread', async () => {
    const { engine } = createEngine();
    await engine.open({ mayCreate: true });
    const updates: BackupUpdate[] = [];
    const { snapshotId } = await engine.backup(backupRequest('b1', { labels: { name: 'x' } }), {
      onProgress: (update) => updates.push(update),
    });
    const [listed] = await engine.listSnapshots();
    const outcome = await engine.restore(restoreRequest(snapshotId), {});
    await engine.deleteSnapshot(snapshotId);
    expect(listed).to.deep.include({ snapshotId, backupId: 'b1', labels: { name: 'x' } });
    expect(outcome).to.include({ validated: true, restoredFiles: 1, restoredBytes: MiB });
    expect(await engine.listSnapshots()).to.deep.equal([]);
    expect(updates.at(-1)).to.include({ phase: 'FINALIZING', processedBytes: MiB, processedFiles: 1 });
    expect(updates.map(({ phase }) => phase)).to.include('CAPTURING');
  });

  it('delivers all progress of a call before its answer', async () => {
    const { engine } = createEngine({ sizeBytes: 30 * MiB });
    await engine.open({ mayCreate: true });
    let late = 0;
    let isAnswered = false;
    const onProgress = () => {
      if (isAnswered) late++;
    };
    await engine.backup(backupRequest('b1'), { onProgress });
    isAnswered = true;
    await engine.listSnapshots();
    expect(late).to.equal(0);
  });

  it('ends a backup within 2 s when it is cancelled', async () => {
    const { engine } = createEngine({ sizeBytes: 200 * MiB });
    await engine.open({ mayCreate: true });
    const controller = new AbortController();
    let cancelledAtMs = 0;
    const onProgress = ({ processedBytes }: BackupUpdate) => {
      if (processedBytes === 0 || cancelledAtMs > 0) return;
      cancelledAtMs = performance.now();
      controller.abort();
    };
    await expectCode(
      engine.backup(backupRequest('b1'), { signal: controller.signal, onProgress }),
      'CANCELLED',
    );
    expect(cancelledAtMs).to.be.greaterThan(0);
    expect(performance.now() - cancelledAtMs).to.be.lessThan(2000);
    expect(await engine.listSnapshots()).to.deep.equal([]);
  });

  it('keeps class, code, details and trace of an error', async () => {
    const { engine } = createEngine({ onRead: 'integrity error' });
    await engine.open({ mayCreate: true });
    const error = await expectCode(engine.backup(backupRequest('b1'), {}), 'DATA_CORRUPTED');
    expect(error).to.be.instanceOf(IntegrityError);
    expect(error).to.include({ message: 'Told to fail', retryable: true });
    expect(error.details).to.deep.equal({ path: 'file', count: 2 });
    expect((error.cause as Error).message)
      .to.include('engine-worker')
      .and.to.include('the cause');
  });

  it('passes on a warning', async () => {
    const { engine, settings } = createEngine();
    await engine.open({ mayCreate: true });
    await engine.backup(backupRequest('b1'), {});
    const [index] = await readdir(join(settings.storageFolder, 'index'));
    await writeFile(join(settings.storageFolder, 'index', index!), 'damaged');
    const second = createEngine();
    await second.engine.open({ mayCreate: false });
    expect(second.warnings).to.have.length(1);
  });

  describe('streamSnapshot()', () => {
    const open = async (sizeBytes: number) => {
      const { engine } = createEngine({ sizeBytes });
      await engine.open({ mayCreate: true });
      const { snapshotId } = await engine.backup(backupRequest('b1'), {});
      return { engine, request: { snapshotId, components: ['FILES' as const], withContent: true } };
    };

    it('brings every byte over', async () => {
      const { engine, request } = await open(9 * MiB + 5);
      const sum = createHash('sha256');
      let checksum = '';
      for await (const piece of engine.streamSnapshot(request)) {
        if (piece.kind === 'file') checksum = Buffer.from(piece.checksum).toString('hex');
        if (piece.kind === 'content') sum.update(piece.bytes);
      }
      expect(sum.digest('hex')).to.equal(checksum);
    });

    it('reads no further than the reader does, and ends in the thread when the reader leaves', async () => {
      const { engine, request } = await open(40 * MiB);
      let batches = 0;
      workers[0]!.on('message', ({ kind }) => {
        if (kind === 'pieces') batches++;
      });
      const pieces = engine.streamSnapshot(request);
      await pieces.next();
      await wait(300);
      expect(batches).to.be.within(1, BATCH_CREDITS + 1);
      await pieces.return();
      expect(await engine.listSnapshots()).to.have.length(1);
      expect(batches).to.be.within(1, BATCH_CREDITS + 1);
    });

    it('ends with CANCELLED when it is cancelled while it waits for its reader', async () => {
      const { engine, request } = await open(40 * MiB);
      const controller = new AbortController();
      const pieces = engine.streamSnapshot(request, { signal: controller.signal });
      await pieces.next();
      controller.abort();
      const readOn = async () => {
        for await (const _ of pieces);
      };
      await expectCode(readOn(), 'CANCELLED');
    });

    it('passes on the error of the thread', async () => {
      const { engine, request } = await open(MiB);
      const stream = engine.streamSnapshot({ ...request, components: ['CACHE'] });
      await expectCode(stream.next(), 'BAD_USER_INPUT');
    });

    it('ends with INTERRUPTED when the thread dies', async () => {
      const { engine, request } = await open(40 * MiB);
      const pieces = engine.streamSnapshot(request);
      await pieces.next();
      await workers[0]!.terminate();
      const readOn = async () => {
        for await (const _ of pieces);
      };
      await expectCode(readOn(), 'INTERRUPTED');
    });
  });

  for (const onRead of ['exit', 'throw later'] as const) {
    it(`answers INTERRUPTED when the thread dies (${onRead}), and works again at the next call`, async () => {
      const { engine, settings, warnings } = createEngine({ onRead, sizeBytes: 100 * MiB });
      await engine.open({ mayCreate: true });
      const other = engine.listSnapshots();
      await expectCode(engine.backup(backupRequest('b1'), {}), 'INTERRUPTED');
      await other;
      settings.onRead = 'nothing';
      const { snapshotId } = await engine.backup(backupRequest('b2'), {});
      expect((await engine.restore(restoreRequest(snapshotId), {})).validated).to.equal(true);
      expect(warnings.length).to.equal(onRead === 'exit' ? 0 : 1);
      expect(alive()).to.equal(1);
    });
  }

  it('does not make a repository anew when its thread has died and the storage is gone', async () => {
    const { engine, settings } = createEngine({ onRead: 'exit' });
    await engine.open({ mayCreate: true });
    await expectCode(engine.backup(backupRequest('b1'), {}), 'INTERRUPTED');
    await rm(settings.storageFolder, { recursive: true });
    await expectCode(engine.backup(backupRequest('b2'), {}), 'NOT_FOUND');
  });

  it('leaves no thread behind when the repository cannot be opened, and may try again', async () => {
    const { engine, settings } = createEngine({ storageFolder: join(folder, 'none') });
    for (let attempt = 0; attempt < 3; attempt++)
      await expectCode(engine.open({ mayCreate: false }), 'NOT_FOUND');
    await Promise.all([
      expectCode(engine.listSnapshots(), 'NOT_FOUND'),
      expectCode(engine.listSnapshots(), 'NOT_FOUND'),
    ]);
    expect(alive()).to.equal(0);
    await createEngine({ storageFolder: settings.storageFolder }).engine.open({ mayCreate: true });
    expect(await engine.listSnapshots()).to.deep.equal([]);
    expect(alive()).to.equal(2);
  });

  it('refuses a wrong key', async () => {
    await createEngine().engine.open({ mayCreate: true });
    await expectCode(createEngine({ passphrase: 'other' }).engine.open({ mayCreate: true }), 'WRONG_KEY');
  });

  it('ends what runs with CANCELLED when it is closed, and takes nothing new', async () => {
    const { engine } = createEngine({ sizeBytes: 100 * MiB });
    await engine.open({ mayCreate: true });
    const backup = expectCode(engine.backup(backupRequest('b1'), {}), 'CANCELLED');
    await engine.listSnapshots();
    await engine.close();
    await engine.close();
    await backup;
    await expectCode(engine.backup(backupRequest('b2'), {}), 'SERVICE_UNAVAILABLE');
    expect(alive()).to.equal(0);
  });
});
