import { quoteMysqlName } from './mysql-client.js';
import type { DumpLoader } from './server-place.js';

/** The longest line that is looked at: names have at most 64 characters. */
const MAX_LINE = 1024;
const LINE_FEED = 0x0a;
const BEGIN = Buffer.from('ALTER DATABASE `');
const DELIMITER = Buffer.from('DELIMITER ');
const STATEMENT = /^ALTER DATABASE `(?:[^`]|``)*`( CHARACTER SET [a-z0-9_]+ COLLATE [a-z0-9_]+ ;)(\r?\n)?$/;

/**
 * Loads a dump into another schema than the one that was dumped. Where a routine, trigger or event was made under
 * another default collation than the schema has now, the dump program writes ALTER DATABASE around it with the name of
 * the schema that it dumped, which is the live one: that name is replaced. Everything else passes byte for byte.
 * Holds at most one line of 1 KiB.
 */
export class MysqlDumpFilter implements DumpLoader {
  readonly #loader: DumpLoader;
  readonly #name: string;
  /** The beginning of a line, as long as it may become a statement that counts. */
  #line: Buffer = Buffer.alloc(0);
  /** Within a line that does not count. */
  #isPassing = false;
  /** Within the text of a routine, where lines say nothing. */
  #isInBody = false;

  constructor(loader: DumpLoader, schema: string) {
    this.#loader = loader;
    this.#name = quoteMysqlName(schema);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let passedTo = 0; // what is before has been handed on, or is in #line
    let at = 0;
    while (at < input.length) {
      const end = input.indexOf(LINE_FEED, at);
      const next = end === -1 ? input.length : end + 1;
      if (!this.#isPassing && this.#mayCount(input.subarray(at, next))) {
        if (at > passedTo) await this.#loader.write(input.subarray(passedTo, at));
        this.#line = Buffer.concat([this.#line, input.subarray(at, next)]);
        passedTo = next;
        if (end !== -1) await this.#endLine();
      } else {
        if (this.#line.length > 0) await this.#flush();
        this.#isPassing = end === -1;
      }
      at = next;
    }
    if (passedTo < input.length) await this.#loader.write(input.subarray(passedTo));
  }

  async end(): Promise<void> {
    if (this.#line.length > 0) await this.#endLine();
    await this.#loader.end();
  }

  async stop(): Promise<void> {
    await this.#loader.stop();
  }

  /** Whether the line that goes on with `part` may still be one that counts. */
  #mayCount(part: Buffer): boolean {
    if (this.#line.length + part.length > MAX_LINE) return false;
    const line = this.#line.length === 0 ? part : Buffer.concat([this.#line, part]);
    return startsAlike(line, BEGIN) || startsAlike(line, DELIMITER);
  }

  async #endLine(): Promise<void> {
    const text = this.#line.toString('latin1');
    if (text.startsWith('DELIMITER ')) this.#isInBody = text.trim() !== 'DELIMITER ;';
    const found = this.#isInBody ? null : STATEMENT.exec(text);
    if (found !== null) {
      const [, rest = '', lineFeed = ''] = found;
      this.#line = Buffer.from(`ALTER DATABASE ${this.#name}${rest}${lineFeed}`);
    }
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const line = this.#line;
    this.#line = Buffer.alloc(0);
    await this.#loader.write(line);
  }
}

/** Whether `line` begins with `begin`, as far as both go. */
function startsAlike(line: Buffer, begin: Buffer): boolean {
  const length = Math.min(line.length, begin.length);
  return line.subarray(0, length).equals(begin.subarray(0, length));
}
