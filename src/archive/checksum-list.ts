/** The lines of SHA256SUMS, as `sha256sum -c` reads them. */
import { toHex } from '../shared/bytes.js';

/** One line. Names with a backslash or a line break are written escaped, with a backslash before the line. */
export function toChecksumLine(checksum: Uint8Array, name: string): string {
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === name ? '' : '\\'}${toHex(checksum)}  ${escaped}\n`;
}
