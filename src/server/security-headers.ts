import type { RequestHandler } from 'express';

const HEADERS: Readonly<Record<string, string>> = {
  // Answers are about one caller at one moment: no cache may keep them.
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** Sets the headers that every answer carries. There are none for CORS: other origins are not served. */
export function securityHeaders(): RequestHandler {
  return (_request, response, next) => {
    response.set(HEADERS);
    next();
  };
}
