import { expect } from 'chai';
import type { RestoreUpdate } from '../../../../src/engine/index.js';
import type { Component } from '../../../../src/shared/component.js';
import { SourceError } from '../../../../src/shared/errors.js';
import {
  backupRequest,
  createEngineTill,
  errorFrom,
  expectTree,
  restoreRequest,
} from '../../../support/engine-till.js';
import { MemoryJournal } from '../../../support/memory-journal.js';
import type { MemoryTree } from '../../../support/memory-till.js';

const BOTH: Component[] = ['DATABASE', 'FILES'];
const R1 = { restoreId: 'r1', components: BOTH, targetFolder: null, paths: null };

function tree(text: string): MemoryTree {
  return new Map([['a', { kind: 'file', content: Buffer.from(text) }]]);
}

async function openTill() {
  const journal = new MemoryJournal();
  const till = createEngineTill({ DATABASE: tree('database'), FILES: tree('files') }, { journal });
  await till.engine.open({ mayCreate: true });
  const { snapshotId } = await till.engine.backup(backupRequest('b', { components: BOTH }), {});
  const steps: string[] = [];
  journal.onStep = (step) => steps.push(`journal ${step}`);
  for (const component of BOTH) {
    const target = till.targets.get(component)!;
    target.live = tree('live');
    target.onStep = (step) => steps.push(`${step} ${component}`);
  }
  const restore = (options: { signal?: AbortSignal; onProgress?: (update: RestoreUpdate) => void } = {}) =>
    till.engine.restore(restoreRequest(snapshotId, { components: BOTH }), options);
  const swapSteps = () => steps.slice(steps.findIndex((step) => step.startsWith('prepare')));
  return { ...till, journal, steps, restore, swapSteps };
}

describe('swapAll()', () => {
  it('prepares everything, writes the journal, swaps a final part last, then lets go', async () => {
    const till = await openTill();
    till.targets.get('DATABASE')!.isFinal = true;
    await till.restore();
    expect(till.swapSteps()).to.deep.equal([
      'prepare DATABASE',
      'prepare FILES',
      'journal swapping',
      'swap FILES',
      'swap DATABASE',
      'journal committed',
      'commit FILES',
      'commit DATABASE',
    ]);
  });

  it('keeps the entry until the restore is acknowledged', async () => {
    const till = await openTill();
    await till.restore();
    expect([...till.journal.entries.values()].map(({ state }) => state)).to.deep.equal(['committed']);
    await till.engine.acknowledgeRestore(R1);
    expect(till.journal.entries.size).to.equal(0);
  });

  it('stands when what it replaced cannot be removed, and tries again until it can', async () => {
    const till = await openTill();
    const files = till.targets.get('FILES')!;
    const record = files.onStep;
    files.onStep = (step) => {
      record(step);
      if (step === 'commit' || step === 'finishSwap') throw new Error('in use');
    };
    await till.restore();
    const states = () => [...till.journal.entries.values()].map(({ state }) => state);
    await till.engine.acknowledgeRestore(R1);
    expect([states(), till.warnings.length]).to.deep.equal([['leftover'], 1]);
    expect(await till.engine.recoverRestores([])).to.deep.equal([]);
    expect([states(), till.warnings.length]).to.deep.equal([['leftover'], 2]);
    files.onStep = record;
    await till.engine.acknowledgeRestore({ ...R1, restoreId: 'r2' });
    expect(states()).to.deep.equal([]);
    expect(till.steps).to.not.include('undoSwap FILES');
  });

  it('remembers what a dead restore staged until it can be removed', async () => {
    const till = await openTill();
    const database = till.targets.get('DATABASE')!;
    database.onStep = () => {
      throw new Error('the server is down');
    };
    expect(await till.engine.recoverRestores([R1])).to.deep.equal([]);
    expect(till.warnings.join()).to.include('the server is down');
    expect([...till.journal.entries.keys()]).to.deep.equal(['r1']);
    const removed: string[] = [];
    database.onStep = (step) => removed.push(step);
    expect(await till.engine.recoverRestores([])).to.deep.equal([]);
    expect([removed, till.journal.entries.size]).to.deep.equal([['removeStaging'], 0]);
  });

  it('undoes the folders when the final swap fails', async () => {
    const till = await openTill();
    const database = till.targets.get('DATABASE')!;
    database.isFinal = true;
    const record = database.onStep;
    database.onStep = (step) => {
      record(step);
      if (step === 'swap') throw new Error('busy');
    };
    const { details } = await errorFrom(till.restore());
    expect(details.rolledBack).to.equal(true);
    expect(till.steps).to.include('undo FILES');
    expectTree(till.targets.get('FILES')!.live, tree('live'));
    expect(till.journal.entries.size).to.equal(0);
  });

  it('undoes the part that failed, and says that it is stuck when that fails too', async () => {
    const till = await openTill();
    const files = till.targets.get('FILES')!;
    const record = files.onStep;
    files.onStep = (step) => {
      record(step);
      if (step === 'swap' || step === 'undo') throw new Error('the server went away');
    };
    const { details } = await errorFrom(till.restore());
    expect(details).to.deep.include({ isStuck: true, components: ['FILES'] });
    expect(till.steps).to.include('undo DATABASE');
    expect([...till.journal.entries.values()].map(({ state }) => state)).to.deep.equal(['swapping']);
  });

  it('undoes everything when the commit cannot be recorded', async () => {
    const till = await openTill();
    till.journal.onStep = (step) => {
      if (step === 'committed') throw new Error('disk full');
    };
    expect((await errorFrom(till.restore())).details.rolledBack).to.equal(true);
    for (const component of BOTH) expectTree(till.targets.get(component)!.live, tree('live'));
  });

  it('stands when its final swap is done, whatever happens to the record, and keeps what tells so', async () => {
    const till = await openTill();
    till.targets.get('DATABASE')!.isFinal = true;
    till.journal.onStep = (step) => {
      if (step === 'committed') throw new Error('disk full');
    };
    await till.restore();
    expectTree(till.targets.get('DATABASE')!.live, tree('database'));
    expect(till.steps).to.not.include('commit FILES');
  });

  it('touches nothing live when the journal cannot be written', async () => {
    const till = await openTill();
    till.journal.onStep = () => {
      throw new Error('disk full');
    };
    await till.restore().catch(() => {});
    expect(till.steps.filter((step) => step.startsWith('swap'))).to.deep.equal([]);
  });

  it('completes when it is cancelled after its final swap', async () => {
    const till = await openTill();
    till.targets.get('DATABASE')!.isFinal = true;
    const controller = new AbortController();
    till.journal.onStep = (step) => {
      if (step === 'committed') controller.abort();
    };
    expect((await till.restore({ signal: controller.signal })).validated).to.equal(true);
  });

  it('rolls back when it is cancelled before the commit is recorded', async () => {
    const till = await openTill();
    const controller = new AbortController();
    till.targets.get('FILES')!.onStep = (step) => {
      if (step === 'swap') controller.abort();
    };
    const { code, details } = await errorFrom(till.restore({ signal: controller.signal }));
    expect([code, details.rolledBack]).to.deep.equal(['CANCELLED', true]);
  });

  it('refuses a restore whose components together do not fit', async () => {
    const till = await openTill();
    for (const target of till.targets.values())
      target.space = [{ device: '1', neededBytes: 60, freeBytes: 100 }];
    const { code, details } = await errorFrom(till.restore());
    expect([code, details]).to.deep.equal(['INSUFFICIENT_STORAGE', { neededBytes: 120, freeBytes: 100 }]);
  });
});

describe('restore point', () => {
  async function restoreWithPoint(
    changes: Parameters<typeof restoreRequest>[1],
    backup: Parameters<typeof backupRequest>[1] = {},
  ) {
    const till = createEngineTill({ DATABASE: tree('database'), FILES: tree('files') });
    await till.engine.open({ mayCreate: true });
    const { snapshotId } = await till.engine.backup(backupRequest('b', { components: BOTH, ...backup }), {});
    const updates: RestoreUpdate[] = [];
    const restorePoint = { backupId: 'point', labels: { trigger: 'PRE_RESTORE' } };
    for (const [component, live] of Object.entries(
      changes?.restoreId ? { DATABASE: changes.restoreId } : {},
    )) {
      till.targets.get(component as Component)!.found = live as 'absent';
    }
    const request = restoreRequest(snapshotId, {
      components: BOTH,
      restorePoint,
      ...changes,
      restoreId: 'r1',
    });
    await till.engine.restore(request, { onProgress: (update) => updates.push(update) });
    const snapshots = await till.engine.listSnapshots();
    return { updates, point: snapshots.find(({ backupId }) => backupId === 'point') };
  }

  it('is committed after validation and before anything is staged', async () => {
    const { updates, point } = await restoreWithPoint({});
    const phases = [...new Set(updates.map(({ phase }) => phase))];
    expect(phases).to.deep.equal(['VALIDATING', 'SNAPSHOTTING', 'STAGING', 'CHECKING', 'SWAPPING']);
    expect(updates.find(({ phase }) => phase === 'STAGING')?.restorePoint).to.deep.equal(point);
    expect(point?.labels).to.deep.equal({ trigger: 'PRE_RESTORE' });
  });

  it('is encrypted also when the restored backup is not', async () => {
    const { point } = await restoreWithPoint({}, { encrypt: false });
    expect(point?.encrypted).to.equal(true);
  });

  it('says how to go on when it cannot be taken', async () => {
    const till = createEngineTill({ FILES: tree('files') });
    await till.engine.open({ mayCreate: true });
    const { snapshotId } = await till.engine.backup(backupRequest('b'), {});
    till.sources.get('FILES')!.scan = async () => {
      throw new SourceError('File "a" cannot be read');
    };
    const restorePoint = { backupId: 'point', labels: {} };
    const error = await errorFrom(till.engine.restore(restoreRequest(snapshotId, { restorePoint }), {}));
    expect([error.code, error.message.includes('restorePoint: false')]).to.deep.equal([
      'SOURCE_UNAVAILABLE',
      true,
    ]);
  });

  for (const live of ['absent', 'unusable']) {
    it(`leaves a database out that is ${live}, and says so`, async () => {
      const { point } = await restoreWithPoint({ restoreId: live });
      expect(point?.components.map(({ component }) => component)).to.deep.equal(['FILES']);
      expect(point?.notices.join()).to.include('DATABASE was left out');
    });
  }

  for (const [name, changes] of Object.entries({
    'it was not asked for': { restorePoint: null },
    'nothing is overwritten': { overwrite: false },
    'it goes beside the live data': { targetFolder: '/elsewhere' },
    'it only validates': { validateOnly: true },
  })) {
    it(`is not made when ${name}`, async () => {
      expect((await restoreWithPoint(changes)).point).to.equal(undefined);
    });
  }
});
