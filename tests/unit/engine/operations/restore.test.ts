import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Component } from '../../../../src/shared/component.js';
import {
  backupRequest,
  createEngineTill,
  expectCode,
  expectTree,
  restoreRequest,
} from '../../../support/engine-till.js';
import type { MemoryTree } from '../../../support/memory-till.js';

const COMPONENTS: Component[] = ['DATABASE', 'FILES'];
const liveTree = (): MemoryTree => new Map([['live', { kind: 'file', content: Buffer.from('live') }]]);

async function backedUp() {
  const trees: Record<'DATABASE' | 'FILES', MemoryTree> = {
    DATABASE: new Map([['till.db', { kind: 'file', content: randomBytes(100_000), cutting: 'pages' }]]),
    FILES: new Map([['receipt', { kind: 'file', content: randomBytes(1000) }]]),
  };
  const till = createEngineTill(trees);
  await till.engine.open({ mayCreate: true });
  const { snapshotId } = await till.engine.backup(backupRequest('b1', { components: COMPONENTS }), {});
  const database = till.targets.get('DATABASE')!;
  const files = till.targets.get('FILES')!;
  database.live = liveTree();
  files.live = liveTree();
  const request = restoreRequest(snapshotId, { components: COMPONENTS });
  return { ...till, trees, database, files, request };
}

describe('runRestore()', () => {
  it('restores the components asked for and leaves the others alone', async () => {
    const { engine, database, files, trees, request } = await backedUp();
    await engine.restore({ ...request, components: ['FILES'] }, {});
    expectTree(files.live, trees.FILES);
    expectTree(database.live, liveTree());
  });

  it('touches nothing when it only validates', async () => {
    const { engine, database, files, request } = await backedUp();
    files.onStep = database.onStep = (step) => expect.fail(`step ${step}`);
    const outcome = await engine.restore({ ...request, validateOnly: true }, {});
    expect(outcome).to.deep.equal({
      validated: true,
      restoredFiles: 0,
      skippedFiles: 0,
      restoredBytes: 0,
      notices: [],
    });
  });

  it('answers BAD_USER_INPUT for a component that the backup does not hold', async () => {
    const { engine, request } = await backedUp();
    await expectCode(engine.restore({ ...request, components: ['CACHE'] }, {}), 'BAD_USER_INPUT');
  });

  it('answers NOT_FOUND for a snapshot that is not there', async () => {
    const { engine, request } = await backedUp();
    await expectCode(engine.restore({ ...request, snapshotId: 'ab'.repeat(32) }, {}), 'NOT_FOUND');
    await engine.deleteSnapshot(request.snapshotId);
    await expectCode(engine.restore(request, {}), 'NOT_FOUND');
  });

  for (const step of ['plan', 'stage', 'file', 'write', 'finish', 'check', 'swap']) {
    for (const component of COMPONENTS) {
      it(`leaves the live data as it was when "${step}" of ${component} fails`, async () => {
        const { engine, database, files, targets, request } = await backedUp();
        targets.get(component)!.onStep = (each) => {
          if (each === step) throw new Error('told to fail');
        };
        await engine.restore(request, {}).then(
          () => expect.fail('restored'),
          () => {},
        );
        expectTree(database.live, liveTree());
        expectTree(files.live, liveTree());
      });
    }
  }

  it('says that live data was brought back when the second swap fails', async () => {
    const { engine, files, request } = await backedUp();
    const steps: string[] = [];
    files.onStep = (step) => {
      steps.push(step);
      if (step === 'swap') throw new Error('told to fail');
    };
    const error = await expectCode(engine.restore(request, {}), 'INTERNAL_SERVER_ERROR');
    expect(error.details).to.include({ rolledBack: true });
    expect(steps.at(-1)).to.equal('discard');
  });

  for (const step of ['plan', 'stage', 'write', 'finish', 'check', 'swap']) {
    it(`leaves the live data as it was when it is cancelled at "${step}"`, async () => {
      const { engine, database, files, request } = await backedUp();
      const controller = new AbortController();
      files.onStep = (each) => {
        if (each === step) controller.abort();
      };
      const error = await expectCode(engine.restore(request, { signal: controller.signal }), 'CANCELLED');
      expect(error.details.rolledBack ?? false).to.equal(step === 'swap');
      expectTree(database.live, liveTree());
      expectTree(files.live, liveTree());
    });
  }

  context('when live data cannot be brought back', () => {
    it('keeps what was staged and says so', async () => {
      const { engine, database, files, request } = await backedUp();
      const steps: string[] = [];
      database.onStep = (step) => {
        steps.push(step);
        if (step === 'undo') throw new Error('told to fail');
      };
      files.onStep = (step) => {
        if (step === 'swap') throw new Error('told to fail');
      };
      const error = await expectCode(engine.restore(request, {}), 'INTERNAL_SERVER_ERROR');
      expect(error.details).to.deep.equal({ components: ['DATABASE'], isStuck: true });
      expect(steps).not.to.include('discard');
    });

    it('does not pass it off as a cancellation', async () => {
      const { engine, database, files, request } = await backedUp();
      const controller = new AbortController();
      database.onStep = (step) => {
        if (step === 'undo') throw new Error('told to fail');
      };
      files.onStep = (step) => {
        if (step === 'swap') controller.abort();
      };
      const error = await expectCode(
        engine.restore(request, { signal: controller.signal }),
        'INTERNAL_SERVER_ERROR',
      );
      expect(error.details).to.deep.equal({ components: ['DATABASE'], isStuck: true });
    });
  });

  it('reports every byte once for each pass, and ends with all of them', async () => {
    const { engine, request } = await backedUp();
    let last = { processedBytes: 0, totalBytes: 0, processedFiles: 0, totalFiles: 0 };
    await engine.restore(request, {
      onProgress: (update) => {
        expect(update.processedBytes).to.be.at.least(last.processedBytes);
        last = update;
      },
    });
    expect(last.totalBytes).to.equal(303_000);
    expect(last).to.include({ processedFiles: 2, totalFiles: 2 });
  });
});
