import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { createChunkIdOf } from '../../../../src/engine/codec/chunk-id.js';

describe('createChunkIdOf', () => {
  it('is HMAC-SHA-256 under its key', () => {
    const key = Buffer.alloc(32, 1);
    const chunk = Buffer.from('chunk');
    expect(createChunkIdOf(key)(chunk)).to.deep.equal(createHmac('sha256', key).update(chunk).digest());
  });
});
