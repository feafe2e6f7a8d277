import assert from 'node:assert/strict';
import type { ApiClient, Query } from './api.js';
import { Demultiplexer } from './stdcopy.js';
import { within } from './until.js';

/** A log that is being followed. */
export interface Followed {
  /** Waits until what has come holds some text. */
  until(part: string): Promise<void>;
  /** All of it, when it has ended. */
  all(): Promise<string>;
  /** Closes the connection. */
  leave(): void;
}

/** Reads a followed log: its text so far can be waited for, and its end. */
export async function followLog(api: ApiClient, id: string, query: Query = {}): Promise<Followed> {
  const leave = new AbortController();
  const response = await api.open('GET', `/containers/${id}/logs`, {
    query: { stdout: 1, stderr: 1, follow: 1, ...query },
    signal: leave.signal,
  });
  assert.equal(response.statusCode, 200);
  let text = '';
  let look = () => {};
  const demux = new Demultiplexer((_, data) => {
    text += data.toString();
  });
  response.on('data', (data: Buffer) => {
    demux.push(data);
    look();
  });
  const ended = new Promise<void>((resolve, reject) => response.on('end', resolve).on('error', reject));
  ended.catch(() => {});
  return {
    leave: () => leave.abort(),
    all: async () => within('the end of the log', ended).then(() => text),
    until: (part) =>
      within(
        `${part} in the log`,
        new Promise<void>((resolve) => {
          look = () => text.includes(part) && resolve();
          look();
        }),
      ),
  };
}
