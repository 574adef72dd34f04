import { expect } from 'chai';
import {
  DownloadLinks,
  deriveLinkKey,
  LINK_SECONDS,
  type LinkClaims,
} from '../../../src/services/download-links.js';
import type { DownloadRequest } from '../../../src/shared/download.js';
import { UnauthenticatedError } from '../../../src/shared/errors.js';
import { systemRandom } from '../../../src/shared/random.js';
import { FixedClock } from '../../support/fixed-clock.js';

const REQUEST: DownloadRequest = {
  backupId: 'b1',
  format: 'ZIP',
  components: ['FILES'],
  paths: ['files/a', 'b,c'],
};

/** The claims in a link. */
function claimsOf(link: string): LinkClaims {
  const query = new URL(link, 'http://till').searchParams;
  return {
    subject: query.get('subject')!,
    expires: Number(query.get('expires')),
    signature: query.get('signature')!,
  };
}

describe('DownloadLinks', () => {
  const clock = new FixedClock();
  const links = new DownloadLinks({ clock }, { key: deriveLinkKey('secret', systemRandom) });

  it('makes a link that verifies until five minutes have passed', () => {
    const claims = claimsOf(links.create(REQUEST, 'anna'));
    links.verify(REQUEST, claims);
    clock.advance(LINK_SECONDS * 1_000 - 1_000);
    links.verify(REQUEST, claims);
    clock.advance(1_000);
    expect(() => links.verify(REQUEST, claims)).to.throw(UnauthenticatedError, 'ended');
  });

  const changes: [string, Partial<DownloadRequest>, Partial<LinkClaims>][] = [
    ['another backup', { backupId: 'b2' }, {}],
    ['another format', { format: 'TAR' }, {}],
    ['other components', { components: null }, {}],
    ['other paths', { paths: ['files/a,b', 'c'] }, {}],
    ['everything', { components: null, paths: null }, {}],
    ['another subject', {}, { subject: 'bob' }],
    ['a later end', {}, { expires: 4_000_000_000 }],
    ['no signature', {}, { signature: '' }],
    ['a shorter signature', {}, { signature: 'AAAA' }],
  ];
  for (const [what, request, claims] of changes) {
    it(`refuses a link that was changed to ${what}`, () => {
      const given = claimsOf(links.create(REQUEST, 'anna'));
      expect(() => links.verify({ ...REQUEST, ...request }, { ...given, ...claims })).to.throw(
        UnauthenticatedError,
      );
    });
  }

  it('refuses a link that was signed with another key', () => {
    for (const key of [deriveLinkKey('other', systemRandom), deriveLinkKey(null, systemRandom)]) {
      const claims = claimsOf(new DownloadLinks({ clock }, { key }).create(REQUEST, 'anna'));
      expect(() => links.verify(REQUEST, claims)).to.throw(UnauthenticatedError);
    }
  });

  it('derives a key that is not the secret, and random ones without a secret', () => {
    expect(deriveLinkKey('secret', systemRandom)).to.have.length(32);
    expect(deriveLinkKey('secret', systemRandom).equals(deriveLinkKey('secret', systemRandom))).to.equal(
      true,
    );
    expect(deriveLinkKey(null, systemRandom).equals(deriveLinkKey(null, systemRandom))).to.equal(false);
  });
});
