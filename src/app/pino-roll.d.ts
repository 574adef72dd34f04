declare module 'pino-roll' {
  import type { SonicBoom } from 'sonic-boom';

  /** Opens a file that is closed and followed by another, with the next number in its name, when it is time to. */
  export default function createRollingFile(options: {
    /** A number is put before its extension. */
    file: string;
    /** Size after which the next file begins: a number and `b`, `k`, `m` or `g`. */
    size: string;
    /** How often the next file begins, however small this one is. */
    frequency: 'daily' | 'hourly';
    limit: {
      /** Older files beside the one that is written. */
      count: number;
      /** Whether files of earlier processes count. */
      removeOtherLogFiles: boolean;
    };
    mkdir: boolean;
    mode: number;
    /** Bytes that may wait to be written; what comes beyond them is dropped. */
    maxLength: number;
  }): Promise<SonicBoom>;
}
