/**
 * Links that carry their own permission: a download as a browser or a shell can start it, without a token. Whoever has
 * the link may use it, until it ends.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../shared/clock.js';
import { type DownloadRequest, downloadPath } from '../shared/download.js';
import { UnauthenticatedError } from '../shared/errors.js';
import type { Random } from '../shared/random.js';

/** How long a link lasts. */
export const LINK_SECONDS = 300;

const KEY_BYTES = 32;
const KEY_PURPOSE = 'tillvault/1/download links';
const VERSION = 1;

/** What a link says besides what is downloaded. */
export interface LinkClaims {
  /** Who asked for the link: the subject of the token. */
  subject: string;
  /** Seconds since 1970 from which the link counts no more. */
  expires: number;
  /** 43 characters of base64url. */
  signature: string;
}

/**
 * The key that links are signed with, made from `secret` for this purpose alone, so that neither tells the other.
 * Without a secret (tokens are checked with a public key) it is random: links then end with the process.
 */
export function deriveLinkKey(secret: string | null, random: Pick<Random, 'bytes'>): Buffer {
  if (secret === null) return random.bytes(KEY_BYTES);
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), KEY_PURPOSE, KEY_BYTES));
}

export class DownloadLinks {
  readonly #key: Buffer;
  readonly #clock: Clock;

  constructor(deps: { clock: Clock }, options: { key: Buffer }) {
    this.#clock = deps.clock;
    this.#key = options.key;
  }

  /** Path and query of a link for `subject`, good for five minutes. */
  create(request: DownloadRequest, subject: string): string {
    const expires = Math.floor(this.#clock.now().getTime() / 1_000) + LINK_SECONDS;
    const query = new URLSearchParams({ format: request.format.toLowerCase() });
    if (request.components) query.set('components', request.components.join(',').toLowerCase());
    for (const path of request.paths ?? []) query.append('paths', path);
    query.set('subject', subject);
    query.set('expires', String(expires));
    query.set('signature', this.#sign(request, { subject, expires }).toString('base64url'));
    return `${downloadPath(request.backupId)}?${query}`;
  }

  /** @throws UnauthenticatedError unless the signature is right for exactly this request, and the link has not ended */
  verify(request: DownloadRequest, claims: LinkClaims): void {
    const expected = this.#sign(request, claims);
    const given = Buffer.from(claims.signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new UnauthenticatedError(
        'The signature of the link is not right: use it as it was given, or ask for a new one',
      );
    }
    if (this.#clock.now().getTime() < claims.expires * 1_000) return;
    throw new UnauthenticatedError(
      `The link ended at ${new Date(claims.expires * 1_000).toISOString()}; ask for a new one`,
    );
  }

  #sign(
    { backupId, format, components, paths }: DownloadRequest,
    { subject, expires }: Omit<LinkClaims, 'signature'>,
  ): Buffer {
    const message = JSON.stringify([VERSION, backupId, format, components, paths, subject, expires]);
    return createHmac('sha256', this.#key).update(message).digest();
  }
}
