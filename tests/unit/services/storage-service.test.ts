import { expect } from 'chai';
import { StorageService } from '../../../src/services/storage-service.js';
import { StorageError } from '../../../src/shared/errors.js';
import { FakeEngine } from '../../support/fake-engine.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { codeOf } from '../../support/service-kit.js';

describe('StorageService', () => {
  let clock: FixedClock;
  let engine: FakeEngine;
  let sizeBytes: number;
  let asked: number;
  let service: StorageService;

  beforeEach(() => {
    clock = new FixedClock();
    engine = new FakeEngine();
    sizeBytes = 1_500;
    asked = 0;
    const measureStorage = () => {
      asked += 1;
      return engine.measureStorage();
    };
    const backups = { sumCompleted: async () => ({ sizeBytes }) };
    service = new StorageService({ engine: { measureStorage }, backups, clock });
  });

  it('says how full the storage is, and what was saved', async () => {
    expect(await service.status()).to.deep.equal({
      location: 'memory:',
      usedBytes: 500,
      freeBytes: 800,
      sizeBytes: 1_500,
      reductionRatio: 3,
    });
  });

  it('says 1 while there is no backup', async () => {
    sizeBytes = 0;
    expect((await service.status()).reductionRatio).to.equal(1);
  });

  it('asks once for all who ask at once, and again after ten seconds', async () => {
    await Promise.all([service.measure(), service.measure(), service.status()]);
    expect(asked).to.equal(1);
    clock.advance(10_001);
    await service.measure();
    expect(asked).to.equal(2);
  });

  it('asks a storage that hangs once, however long it takes', async () => {
    const gate = Promise.withResolvers<void>();
    const { storage } = engine;
    engine.measureStorage = async () => {
      await gate.promise;
      return storage as Exclude<typeof storage, Error>;
    };
    const first = service.measure();
    clock.advance(60_000);
    const second = service.measure();
    gate.resolve();
    expect(await second).to.equal(await first);
    expect(asked).to.equal(1);
  });

  it('keeps no failure', async () => {
    const { storage } = engine;
    engine.storage = new StorageError('SERVICE_UNAVAILABLE', 'It is gone');
    expect(await codeOf(service.measure())).to.equal('SERVICE_UNAVAILABLE');
    engine.storage = storage;
    expect((await service.measure()).usedBytes).to.equal(500);
  });
});
