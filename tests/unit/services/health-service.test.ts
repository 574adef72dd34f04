import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type HealthProbe, HealthService } from '../../../src/services/health-service.js';
import { StorageError } from '../../../src/shared/errors.js';
import { FixedClock } from '../../support/fixed-clock.js';

describe('HealthService', () => {
  let clock: FixedClock;
  let failures: unknown[];
  let pings: number;
  let ping: () => Promise<void>;

  beforeEach(() => {
    clock = new FixedClock();
    failures = [];
    pings = 0;
    ping = async () => {
      pings += 1;
    };
  });

  const make = (...probes: HealthProbe[]) =>
    new HealthService(
      { probes, ping: () => ping(), clock, onFailure: (error) => failures.push(error) },
      { version: '1.2.3' },
    );
  const probe = (name: string, status: 'OK' | 'DEGRADED' | 'DOWN'): HealthProbe => ({
    name,
    check: async () => [{ name, status, message: null }],
  });

  it('is as well as its worst part', async () => {
    expect((await make(probe('a', 'OK')).check()).status).to.equal('OK');
    expect((await make(probe('a', 'OK'), probe('b', 'DEGRADED')).check()).status).to.equal('DEGRADED');
    expect((await make(probe('a', 'DOWN'), probe('b', 'DEGRADED')).check()).status).to.equal('DOWN');
  });

  it('says how long the server runs', async () => {
    const service = make();
    clock.advance(90_000);
    expect(await service.check()).to.include({ version: '1.2.3', uptimeSeconds: 90 });
  });

  it('takes what cannot be found out for DOWN, says why, and goes on with the rest', async () => {
    const refuse =
      (error: Error): HealthProbe['check'] =>
      () =>
        Promise.reject(error);
    const broken = { name: 'a', check: refuse(new StorageError('SERVICE_UNAVAILABLE', 'It is gone')) };
    const bug = { name: 'b', check: refuse(new TypeError('secret detail')) };
    const { checks } = await make(broken, bug, probe('c', 'OK')).check();
    expect(checks).to.deep.equal([
      { name: 'a', status: 'DOWN', message: 'It is gone' },
      { name: 'b', status: 'DOWN', message: 'This could not be found out: the log says why' },
      { name: 'c', status: 'OK', message: null },
    ]);
    expect(failures).to.have.length(1);
  });

  it('waits for no part longer than five seconds', async () => {
    const stuck = { name: 'a', check: () => new Promise<never>(() => {}) };
    const startedMs = performance.now();
    const { checks } = await make(stuck).check();
    expect(checks[0]).to.include({ status: 'DOWN', message: 'There was no answer within 5 s' });
    expect(performance.now() - startedMs).to.be.lessThan(8_000);
  });

  describe('isReady()', () => {
    it('asks the metadata, once for all who ask at once, and again a second later', async () => {
      const service = make();
      expect(await Promise.all([service.isReady(), service.isReady()])).to.deep.equal([true, true]);
      expect(pings).to.equal(1);
      clock.advance(1_001);
      await service.isReady();
      expect(pings).to.equal(2);
    });

    it('is not when the metadata does not answer', async () => {
      ping = () => Promise.reject(new Error('gone'));
      expect(await make().isReady()).to.equal(false);
      ping = () => delay(10_000, undefined, { ref: false });
      expect(await make().isReady()).to.equal(false);
    });
  });
});
