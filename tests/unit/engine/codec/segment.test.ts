import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import type { RepositoryId } from '../../../../src/engine/codec/ids.js';
import { KeyRing } from '../../../../src/engine/codec/key-ring.js';
import { DOMAINS, type Domain, decodeHeader } from '../../../../src/engine/codec/object-header.js';
import {
  decodeContent,
  encodeRaw,
  openSegment,
  SEGMENT_OVERHEAD_BYTES,
  type SegmentContext,
  sealToBuffer,
} from '../../../../src/engine/codec/segment.js';
import { expectCode } from '../../../support/engine-till.js';

const content = Buffer.from('content of a segment');

function contextOf(domain: Domain): SegmentContext {
  return { domain, key: randomBytes(32), binding: randomBytes(76) };
}

for (const domain of DOMAINS) {
  describe(`segment in the ${domain} domain`, () => {
    it('opens to what was sealed, under the number it was sealed with', async () => {
      const context = contextOf(domain);
      const sealed = sealToBuffer(context, 5, encodeRaw(content));
      expect(sealed).to.have.length(content.length + SEGMENT_OVERHEAD_BYTES);
      expect(await decodeContent(openSegment(context, 5, sealed)!, 1000)).to.deep.equal(content);
      expect(openSegment(context, 4, sealed)).to.equal(null);
    });

    it('does not open when any bit of it is flipped', () => {
      const context = contextOf(domain);
      const sealed = sealToBuffer(context, 0, encodeRaw(content));
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const damaged = Buffer.from(sealed);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        expect(openSegment(context, 0, damaged), `bit ${bit}`).to.equal(null);
      }
    });

    it('does not open when any bit of what it is bound to is flipped', () => {
      const context = contextOf(domain);
      const sealed = sealToBuffer(context, 0, encodeRaw(content));
      for (let bit = 0; bit < 76 * 8; bit++) {
        const binding = Buffer.from(context.binding);
        binding[bit >> 3]! ^= 1 << (bit & 7);
        expect(openSegment({ ...context, binding }, 0, sealed), `bit ${bit}`).to.equal(null);
      }
    });

    it('does not open when it is cut or longer', () => {
      const context = contextOf(domain);
      const sealed = sealToBuffer(context, 0, encodeRaw(content));
      for (let length = 0; length < sealed.length; length++)
        expect(openSegment(context, 0, sealed.subarray(0, length))).to.equal(null);
      expect(openSegment(context, 0, Buffer.concat([sealed, Buffer.alloc(1)]))).to.equal(null);
    });

    it('does not open in the other domain', () => {
      const context = contextOf(domain);
      const sealed = sealToBuffer(context, 0, encodeRaw(content));
      expect(
        openSegment({ ...context, domain: domain === 'plain' ? 'sealed' : 'plain' }, 0, sealed),
      ).to.equal(null);
    });
  });
}

describe('segment', () => {
  it('has the bytes that docs/format.md gives, in both domains', () => {
    const master = Buffer.alloc(32, 9);
    const repositoryId = 'cd'.repeat(32) as RepositoryId;
    const keys = new KeyRing(repositoryId, {
      chunkerKey: master,
      chunkIdKey: master,
      epochs: new Map([[1, master]]),
    });
    const envelope = Buffer.concat([Buffer.from([0, content.length, 0, 0, 0]), content]);
    for (const domain of DOMAINS) {
      const { header, context } = keys.createObject('index', domain, () => Buffer.alloc(32, 3));
      const key = Buffer.from(hkdfSync('sha256', master, Buffer.alloc(32, 3), 'tillvault/1/TVIX', 32));
      const data = Buffer.concat([header, Buffer.from(repositoryId, 'hex'), Buffer.from([2, 1, 0, 0])]);
      const gcm = createCipheriv(
        'aes-256-gcm',
        key,
        Buffer.from([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
      ).setAAD(data);
      const expected =
        domain === 'sealed'
          ? Buffer.concat([gcm.update(envelope), gcm.final(), gcm.getAuthTag()])
          : Buffer.concat([
              envelope,
              createHmac('sha256', key).update(data).update(envelope).digest().subarray(0, 16),
            ]);
      expect(sealToBuffer(context, 258, encodeRaw(content))).to.deep.equal(expected);
      expect(keys.openObject(decodeHeader('index', header), header)).to.deep.equal(context);
    }
  });

  it('refuses content that is longer or shorter than it claims', async () => {
    const frame = zstdCompressSync(content);
    for (const contentBytes of [content.length - 1, content.length + 1, 0]) {
      await expectCode(
        decodeContent({ codec: 'zstd', contentBytes, payload: frame }, 1000),
        'DATA_CORRUPTED',
      );
      await expectCode(
        decodeContent({ codec: 'none', contentBytes, payload: content }, 1000),
        'DATA_CORRUPTED',
      );
    }
  });

  it('refuses a claim above the limit before it decompresses', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(10_000_000));
    await expectCode(
      decodeContent({ codec: 'zstd', contentBytes: 10_000_000, payload: bomb }, 1_000_000),
      'DATA_CORRUPTED',
    );
    await expectCode(
      decodeContent({ codec: 'zstd', contentBytes: 1000, payload: bomb }, 1_000_000),
      'DATA_CORRUPTED',
    );
  });

  it('refuses a zstd frame that is cut', async () => {
    const payload = zstdCompressSync(randomBytes(1000)).subarray(0, 900);
    await expectCode(decodeContent({ codec: 'zstd', contentBytes: 1000, payload }, 1000), 'DATA_CORRUPTED');
  });
});
