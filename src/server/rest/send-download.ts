/** Sends an archive: streamed, with back pressure down to the engine, and cut off visibly when anything fails. */
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { Download, DownloadName } from '../../rest/rest-api.js';
import { dropWhenStalled } from './stalled-clients.js';

/** What sending works with. */
export interface SendOptions {
  logger: Logger;
  /** A client that takes no byte for this long is dropped. */
  stallLimitMs: number;
}

/** Sets the headers of a download's answer. */
export function describeDownload(response: Response, { fileName, mediaType }: DownloadName): void {
  response.attachment(fileName);
  response.set({ 'Content-Type': mediaType, 'Accept-Ranges': 'none' });
}

/**
 * Sends `download` and closes it. Never throws: once bytes have left, all that can be told of an error is that the
 * answer does not end, and the log is told the rest.
 */
export async function sendDownload(
  download: Download,
  { request, response }: { request: Request; response: Response },
  { logger, stallLimitMs }: SendOptions,
): Promise<void> {
  const { socket } = request;
  const before = socket.bytesWritten;
  try {
    describeDownload(response, download);
    dropWhenStalled(response, stallLimitMs);
    await download.write(response, () => socket.bytesWritten - before);
  } catch (error) {
    response.destroy();
    logger.warn({ err: error, requestId: response.locals.requestId }, 'A download was cut short');
  } finally {
    await download.close();
  }
}
