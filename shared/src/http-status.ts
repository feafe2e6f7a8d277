import type { ErrorKind } from './errors.js';

/** The one place where kinds become HTTP status codes, as Docker answers them. */
export const HTTP_STATUS: Readonly<Record<ErrorKind, number>> = {
  'not-modified': 304,
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  system: 500,
  'not-implemented': 501,
  unavailable: 503,
};
