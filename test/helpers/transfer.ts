import assert from 'node:assert/strict';
import type { ApiClient, Query, Reply } from './api.js';

/** A line of the answer to a pull, push or import. */
export interface TransferLine {
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message: string };
  aux?: { Tag?: string; Digest?: string; Size?: number };
}

export const linesOf = (reply: Reply): TransferLine[] =>
  reply.text
    .split(/\r?\n/)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TransferLine);

/** The X-Registry-Auth header of somebody. */
export const authHeader = (auth: object = {}): Record<string, string> => ({
  'x-registry-auth': Buffer.from(JSON.stringify(auth)).toString('base64url'),
});

/** Pulls, whatever comes of it. */
export const pull = (api: ApiClient, query: Query, auth: object = {}): Promise<Reply> =>
  api.call('POST', '/images/create', { query, headers: authHeader(auth) });

/** Pulls an image that is there. @returns the lines without progress */
export async function pulled(
  api: ApiClient,
  fromImage: string,
  query: Query = {},
  auth: object = {},
): Promise<string[]> {
  const reply = await pull(api, { fromImage, ...query }, auth);
  assert.equal(reply.status, 200, reply.text);
  const lines = linesOf(reply);
  assert.deepEqual(
    lines.filter(({ error }) => error !== undefined),
    [],
  );
  return lines
    .filter(({ progressDetail }) => progressDetail?.total === undefined)
    .map(({ status = '', id }) => (id ? `${id}: ${status}` : status));
}
