import { expect } from 'chai';
import type { SnapshotDescription } from '../../../src/engine/index.js';
import { toAuditWitness, toSnapshotLabels } from '../../../src/services/snapshot-labels.js';
import { makeBackup } from '../../support/memory-services.js';

describe('toAuditWitness()', () => {
  const head = { sequence: 7, hash: 'a'.repeat(64), serverId: 'mine' };
  const witness = (labels: SnapshotDescription['labels'], serverId = 'mine') =>
    toAuditWitness({ backupId: 'b1', labels } as SnapshotDescription, serverId);

  it('is the head that the snapshot was labelled with', () => {
    const labels = toSnapshotLabels(makeBackup(), head);
    expect(witness(labels)).to.deep.equal({ sequence: 7, hash: head.hash, keptBy: "backup 'b1'" });
  });

  it('is none of another server that shares the storage, and none without a head', () => {
    expect(witness(toSnapshotLabels(makeBackup(), head), 'other')).to.equal(null);
    expect(witness(toSnapshotLabels(makeBackup()))).to.equal(null);
    expect(witness({ auditServer: 'mine', auditSequence: 'x', auditHash: 'y' })).to.equal(null);
  });
});
