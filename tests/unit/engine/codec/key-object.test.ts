import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { RepositoryId } from '../../../../src/engine/codec/ids.js';
import { createMasterKeys, openKeyObject, sealKeyObject } from '../../../../src/engine/codec/key-object.js';
import { CHEAP_KDF, expectCode } from '../../../support/engine-till.js';

const repositoryId = 'ab'.repeat(32) as RepositoryId;
const binding = { repositoryId, config: Buffer.from('the config') };
const master = createMasterKeys(randomBytes);
const seal = () => sealKeyObject(master, 'right', binding, { random: randomBytes, cost: CHEAP_KDF });

describe('key object', () => {
  it('opens with the passphrase that sealed it', async () => {
    expect(await openKeyObject(await seal(), 'right', binding)).to.deep.equal(master);
  });

  it('never holds a master key in the clear, and is different each time', async () => {
    const stored = await seal();
    for (const key of [master.chunkerKey, master.chunkIdKey, master.epochs.get(1)!])
      expect(stored.includes(Buffer.from(key))).to.equal(false);
    expect(stored.equals(await seal())).to.equal(false);
  });

  for (const passphrase of ['wrong', '', 'right ', 'Right']) {
    it(`answers WRONG_KEY for the passphrase "${passphrase}"`, async () => {
      await expectCode(openKeyObject(await seal(), passphrase, binding), 'WRONG_KEY');
    });
  }

  it('answers DATA_CORRUPTED when the config is not the one it was made for', async () => {
    await expectCode(
      openKeyObject(await seal(), 'right', { ...binding, config: Buffer.from('other') }),
      'DATA_CORRUPTED',
    );
  });

  it('does not open for another repository', async () => {
    await expectCode(
      openKeyObject(await seal(), 'right', { ...binding, repositoryId: 'cd'.repeat(32) as RepositoryId }),
      'WRONG_KEY',
    );
  });

  it('does not open when any bit is flipped', async function () {
    this.timeout(60_000);
    const stored = await seal();
    for (let at = 0; at < stored.length; at++) {
      if (at >= 44 && at < 56) continue; // the cost: next test
      const damaged = Buffer.from(stored);
      damaged[at]! ^= 1 << (at & 7);
      await expectCode(openKeyObject(damaged, 'right', binding), 'WRONG_KEY', 'DATA_CORRUPTED');
    }
  });

  for (const length of [0, 43, 44, 87, 88, 100]) {
    it(`refuses the first ${length} bytes of one`, async () => {
      await expectCode(
        openKeyObject((await seal()).subarray(0, length), 'right', binding),
        'WRONG_KEY',
        'DATA_CORRUPTED',
      );
    });
  }

  const hostile: [field: string, offset: number, value: number][] = [
    ['memory of 0', 44, 0],
    ['memory above 1 GiB', 44, 1024 * 1024 + 1],
    ['memory of 4 TiB', 44, 0xffffffff],
    ['passes of 0', 48, 0],
    ['17 passes', 48, 17],
    ['parallelism of 0', 52, 0],
    ['parallelism of 17', 52, 17],
  ];
  for (const [field, offset, value] of hostile) {
    it(`refuses ${field} before it runs Argon2`, async () => {
      const stored = await seal();
      stored.writeUInt32LE(value, offset);
      const startedAtMs = performance.now();
      await expectCode(openKeyObject(stored, 'right', binding), 'DATA_CORRUPTED');
      expect(performance.now() - startedAtMs).to.be.lessThan(100);
    });
  }

  it('is bound to its cost', async () => {
    const stored = await seal();
    stored.writeUInt32LE(2, 48);
    await expectCode(openKeyObject(stored, 'right', binding), 'WRONG_KEY');
  });
});
