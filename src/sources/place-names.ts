/** Names of the databases of one restore. They carry its id, so that what a dead run left is recognised. */
export class PlaceNames {
  readonly live: string;
  /** Being loaded, until the swap. */
  readonly fresh: string;
  /** What the swap replaced, until it is settled. */
  readonly old: string;
  /** For a moment before the swap, to try things in. */
  readonly scratch: string;
  /** The restore's id, as far as it is in the names. */
  readonly id: string;

  /** @param maxBytes of a name, in UTF-8; longer names of databases are cut, the id never is */
  constructor(database: string, restoreId: string, maxBytes: number) {
    this.id = restoreId
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .slice(0, 16);
    this.live = database;
    this.fresh = cut(database, `_tillvault_${this.id}`, maxBytes);
    this.old = cut(database, `_tillvault_old_${this.id}`, maxBytes);
    this.scratch = cut(database, `_tillvault_try_${this.id}`, maxBytes);
  }
}

function cut(name: string, suffix: string, maxBytes: number): string {
  let start = name;
  while (Buffer.byteLength(start + suffix) > maxBytes) start = [...start].slice(0, -1).join('');
  return start + suffix;
}
