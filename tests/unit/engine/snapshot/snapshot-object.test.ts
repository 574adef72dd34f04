import { randomBytes } from 'node:crypto';
import { encode } from 'cborg';
import { expect } from 'chai';
import type { RepositoryId } from '../../../../src/engine/codec/ids.js';
import { createMasterKeys } from '../../../../src/engine/codec/key-object.js';
import { KeyRing } from '../../../../src/engine/codec/key-ring.js';
import { encodeRaw, sealToBuffer } from '../../../../src/engine/codec/segment.js';
import {
  checksumOf,
  openSnapshot,
  type Snapshot,
  sealSnapshot,
} from '../../../../src/engine/snapshot/snapshot-object.js';
import { expectCode } from '../../../support/engine-till.js';

const keys = new KeyRing('ab'.repeat(32) as RepositoryId, createMasterKeys(randomBytes));
const part: Snapshot['components'][number] = {
  component: 'FILES',
  source: 'files',
  sizeBytes: 2 ** 40,
  storedBytes: 5,
  fileCount: 3,
  checksum: Buffer.alloc(32, 1),
  manifest: { sizeBytes: 9, checksum: Buffer.alloc(32, 2), content: Buffer.alloc(72, 3) },
};
const snapshot: Snapshot = {
  version: 1,
  backupId: 'b1',
  startedAtMs: 1,
  completedAtMs: 1_700_000_000_000,
  encrypted: true,
  compressed: false,
  components: [part],
  sizeBytes: 2 ** 40,
  storedBytes: 5,
  fileCount: 3,
  checksum: checksumOf([part]),
  notices: ['File "ü" vanished'],
  labels: { name: 'Monday', days: 30, pinned: false, by: null },
};

describe('snapshot object', () => {
  it('opens to what was sealed', async () => {
    expect(await openSnapshot(keys, sealSnapshot(keys, 'sealed', randomBytes, snapshot))).to.deep.equal(
      snapshot,
    );
  });

  it('is refused when any byte is damaged, or it is cut', async () => {
    const stored = sealSnapshot(keys, 'sealed', randomBytes, snapshot);
    for (let at = 0; at < stored.length; at += 3) {
      const damaged = Buffer.from(stored);
      damaged[at]! ^= 1 << (at & 7);
      await expectCode(openSnapshot(keys, damaged), 'DATA_CORRUPTED');
      await expectCode(openSnapshot(keys, stored.subarray(0, at)), 'DATA_CORRUPTED');
    }
  });

  it('is refused when its header contradicts it', async () => {
    const { header, context } = keys.createObject('snapshot', 'plain', randomBytes);
    const stored = Buffer.concat([header, sealToBuffer(context, 0, encodeRaw(encode(snapshot)))]);
    await expectCode(openSnapshot(keys, stored), 'DATA_CORRUPTED');
  });

  it('is refused when it is of another version or lacks a field', async () => {
    const { notices: _, ...lacking } = snapshot;
    for (const content of [
      { ...snapshot, version: 2 },
      lacking,
      'text',
      { ...snapshot, labels: { a: [1] } },
    ]) {
      const { header, context } = keys.createObject('snapshot', 'sealed', randomBytes);
      const stored = Buffer.concat([header, sealToBuffer(context, 0, encodeRaw(encode(content)))]);
      await expectCode(openSnapshot(keys, stored), 'DATA_CORRUPTED');
    }
  });

  it('is not written when no reader could read it', () => {
    const unreadable: Snapshot = { ...snapshot, labels: { ratio: 1.5 } };
    expect(() => sealSnapshot(keys, 'sealed', randomBytes, unreadable)).to.throw();
  });
});
