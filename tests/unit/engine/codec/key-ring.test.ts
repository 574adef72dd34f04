import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { RepositoryId } from '../../../../src/engine/codec/ids.js';
import { createMasterKeys } from '../../../../src/engine/codec/key-object.js';
import { KeyRing } from '../../../../src/engine/codec/key-ring.js';
import { decodeHeader } from '../../../../src/engine/codec/object-header.js';
import { IntegrityError } from '../../../../src/shared/errors.js';

const repositoryId = 'ab'.repeat(32) as RepositoryId;

describe('KeyRing', () => {
  const master = createMasterKeys(randomBytes);
  const keys = new KeyRing(repositoryId, master);

  it('gives every object a key of its own', () => {
    const made = Array.from({ length: 50 }, () =>
      Buffer.from(keys.createObject('pack', 'sealed', randomBytes).context.key).toString('hex'),
    );
    expect(new Set(made).size).to.equal(50);
  });

  it('gives objects of two kinds different keys even for one salt', () => {
    const salt = () => Buffer.alloc(32);
    const pack = keys.createObject('pack', 'sealed', salt).context.key;
    const index = keys.createObject('index', 'sealed', salt).context.key;
    expect(Buffer.from(pack).equals(index)).to.equal(false);
  });

  it('derives keys for other purposes that no epoch changes, one for each purpose and repository', () => {
    const later = new KeyRing(repositoryId, { ...master, epochs: new Map([[7, randomBytes(32)]]) });
    const other = new KeyRing('cd'.repeat(32) as RepositoryId, master);
    const hex = (ring: KeyRing, purpose: string) => Buffer.from(ring.deriveKey(purpose)).toString('hex');
    expect(hex(later, 'audit'))
      .to.equal(hex(keys, 'audit'))
      .and.to.match(/^[0-9a-f]{64}$/);
    expect(new Set([hex(keys, 'audit'), hex(keys, 'other'), hex(other, 'audit')]).size).to.equal(3);
  });

  it('writes with the highest epoch and reads every epoch', () => {
    const rotated = new KeyRing(repositoryId, {
      ...master,
      epochs: new Map([[3, randomBytes(32)], ...master.epochs]),
    });
    const { header } = rotated.createObject('pack', 'sealed', randomBytes);
    expect(decodeHeader('pack', header).epoch).to.equal(3);
    const old = keys.createObject('pack', 'sealed', randomBytes);
    expect(rotated.openObject(decodeHeader('pack', old.header), old.header)).to.deep.equal(old.context);
    expect(() => keys.openObject(decodeHeader('pack', header), header)).to.throw(IntegrityError);
  });

  it('keeps the domains apart, and the keys of the plain one free of secrets', () => {
    const plain = (label: string) =>
      createHash('sha256').update(label).update(Buffer.from(repositoryId, 'hex')).digest();
    expect(keys.chunkIdKey('sealed')).to.equal(master.chunkIdKey);
    expect(keys.chunkIdKey('plain')).to.deep.equal(plain('tillvault/1/plain'));
    expect(keys.chunkerKey('sealed')).to.equal(master.chunkerKey);
    expect(keys.chunkerKey('plain')).to.deep.equal(plain('tillvault/1/plain chunker'));
  });
});
