/** Snapshot objects: one committed backup (docs/format.md §9). */
import { createHash } from 'node:crypto';
import { decode, encode } from 'cborg';
import { z } from 'zod';
import { asBuffer, MiB } from '../../shared/bytes.js';
import { COMPONENTS, type Component } from '../../shared/component.js';
import { IntegrityError } from '../../shared/errors.js';
import { HASH_BYTES } from '../codec/ids.js';
import type { KeyRing, RandomBytes } from '../codec/key-ring.js';
import { type Domain, decodeHeader, HEADER_BYTES } from '../codec/object-header.js';
import { decodeContent, encodeRaw, openSegment, sealToBuffer } from '../codec/segment.js';
import { parseReferences, REFERENCE_BYTES } from './references.js';

const MAX_SNAPSHOT_BYTES = 256 * MiB;

const byteString = z.instanceof(Uint8Array).transform(asBuffer);
const checksum = byteString.refine((bytes) => bytes.length === HASH_BYTES);
const count = z.number().int().nonnegative();

const snapshotContent = z.strictObject({
  version: z.literal(1),
  backupId: z.string().min(1),
  startedAtMs: count,
  completedAtMs: count,
  encrypted: z.boolean(),
  compressed: z.boolean(),
  components: z.array(
    z.strictObject({
      component: z.enum(COMPONENTS),
      source: z.string(),
      sizeBytes: count,
      storedBytes: count,
      fileCount: count,
      checksum,
      manifest: z.strictObject({
        sizeBytes: count,
        checksum,
        content: byteString
          .refine((bytes) => bytes.length % REFERENCE_BYTES === 0)
          .transform(parseReferences),
      }),
    }),
  ),
  sizeBytes: count,
  storedBytes: count,
  fileCount: count,
  checksum,
  notices: z.array(z.string()),
  labels: z.record(z.string(), z.union([z.string(), z.number().int(), z.boolean(), z.null()])),
});

/** One committed backup, as the repository holds it. */
export type Snapshot = z.infer<typeof snapshotContent>;
export type SnapshotComponent = Snapshot['components'][number];

/**
 * Stored bytes of a snapshot object in `domain`.
 * Throws when `snapshot` is one that no reader would take: a backup that cannot be read must not be committed.
 */
export function sealSnapshot(keys: KeyRing, domain: Domain, random: RandomBytes, snapshot: Snapshot): Buffer {
  const { header, context } = keys.createObject('snapshot', domain, random);
  return Buffer.concat([
    header,
    sealToBuffer(context, 0, encodeRaw(encode(snapshotContent.parse(snapshot)))),
  ]);
}

/**
 * Opens a stored snapshot object.
 * @throws IntegrityError when it is damaged
 */
export async function openSnapshot(keys: KeyRing, stored: Buffer): Promise<Snapshot> {
  const header = decodeHeader('snapshot', stored);
  const context = keys.openObject(header, stored.subarray(0, HEADER_BYTES));
  const opened = openSegment(context, 0, stored.subarray(HEADER_BYTES));
  if (!opened) throw new IntegrityError('A snapshot object is damaged');
  const snapshot = parseSnapshot(await decodeContent(opened, MAX_SNAPSHOT_BYTES));
  if (domainOf(snapshot) !== header.domain) throw new IntegrityError('A snapshot contradicts its header');
  return snapshot;
}

/** Where the chunks of a snapshot are. */
export function domainOf(snapshot: { encrypted: boolean }): Domain {
  return snapshot.encrypted ? 'sealed' : 'plain';
}

/** The backup's checksum: over the names and the manifests of its components. */
export function checksumOf(
  components: readonly { component: Component; manifest: { checksum: Uint8Array } }[],
): Buffer {
  const sum = createHash('sha256');
  for (const { component, manifest } of components)
    sum.update(component).update('\0').update(manifest.checksum);
  return sum.digest();
}

function parseSnapshot(content: Buffer): Snapshot {
  try {
    return snapshotContent.parse(decode(content));
  } catch (cause) {
    throw new IntegrityError('A snapshot object is malformed', { cause });
  }
}
