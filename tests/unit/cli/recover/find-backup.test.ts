import { expect } from 'chai';
import { findBackup } from '../../../../src/cli/recover/find-backup.js';
import type { SnapshotDescription } from '../../../../src/engine/index.js';
import { AppError } from '../../../../src/shared/errors.js';
import { describeSnapshot } from '../../../support/fake-engine.js';

function backup(backupId: string, completedAtMs: number): SnapshotDescription {
  const request = { components: [], encrypt: true, compress: true, compressionLevel: null, labels: {} };
  return { ...describeSnapshot({ backupId, ...request }), completedAtMs };
}

describe('findBackup()', () => {
  const backups = [backup('aa11', 2), backup('aa22', 3), backup('bb', 1), backup('bb33', 0)];

  for (const [address, found] of [
    ['latest', 'aa22'],
    ['aa11', 'aa11'],
    ['aa1', 'aa11'],
    ['AA2', 'aa22'],
    ['bb', 'bb'],
  ] as const) {
    it(`takes "${address}" for ${found}`, () => {
      expect(findBackup(backups, address).backupId).to.equal(found);
    });
  }

  for (const [address, code] of [
    ['aa', 'BAD_USER_INPUT'],
    ['', 'BAD_USER_INPUT'],
    ['cc', 'NOT_FOUND'],
    ['aa111', 'NOT_FOUND'],
  ] as const) {
    it(`answers ${code} for "${address}"`, () => {
      expect(() => findBackup(backups, address))
        .to.throw(AppError)
        .with.property('code', code);
    });
  }

  it('answers NOT_FOUND for the latest of none', () => {
    expect(() => findBackup([], 'latest'))
      .to.throw(AppError)
      .with.property('code', 'NOT_FOUND');
  });
});
