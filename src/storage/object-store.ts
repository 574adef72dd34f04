/**
 * A place that keeps named objects which never change: the least that every storage can promise.
 * Every implementation passes `tests/contract/object-store.contract.ts`.
 */
export interface ObjectStore {
  /** Kind and place, for people, without secrets. */
  readonly location: string;
  /**
   * Stores `pieces`, side by side, under `key`. When the promise resolves the object is durable; before that it is not
   * there at all. A second `put` of the same key replaces the object as a whole.
   * @throws ConflictError when `ifAbsent` is set and the key is taken
   * @throws StorageError INSUFFICIENT_STORAGE when the storage is full, else SERVICE_UNAVAILABLE
   */
  put(key: string, pieces: readonly Uint8Array[], options?: { ifAbsent?: boolean }): Promise<void>;
  /**
   * The whole object.
   * @throws NotFoundError when there is none
   */
  get(key: string): Promise<Buffer>;
  /**
   * `length` bytes of the object from `offset` on; fewer when it ends before.
   * @throws NotFoundError when there is none
   */
  getRange(key: string, offset: number, length: number): Promise<Buffer>;
  /** Every object whose key begins with `prefix` (a folder, ending in `/`), in no order. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /**
   * Finds out, without storing anything, whether objects can be stored now, and what room there is.
   * @throws StorageError when they cannot
   */
  probe(): Promise<StoreSpace>;
  /** Removes an object. Not there: not an error. */
  delete(key: string): Promise<void>;
}

/** Room where objects are kept; null where the storage cannot tell. */
export interface StoreSpace {
  freeBytes: number | null;
  totalBytes: number | null;
}

/** An object in a listing. */
export interface StoredObject {
  key: string;
  sizeBytes: number;
}
