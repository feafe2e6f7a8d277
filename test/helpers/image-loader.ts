import assert from 'node:assert/strict';
import type { ApiClient } from './api.js';

/** A line of the answer to a load. */
export interface Progress {
  stream?: string;
  error?: string;
  errorDetail?: { message: string };
}

/** Loads archives into an engine and remembers which images to remove. */
export class ImageLoader {
  readonly #api: ApiClient;
  readonly #loaded = new Set<string>();

  constructor(api: ApiClient) {
    this.#api = api;
  }

  /** Loads any archive; gives the lines of the answer, a refusal among them in whichever form it comes. */
  async attempt(archive: Buffer): Promise<Progress[]> {
    const headers = { 'content-type': 'application/x-tar' };
    const reply = await this.#api.call('POST', '/images/load', { raw: archive, headers });
    if (reply.status >= 400) return [{ error: reply.message }];
    const lines = reply.text.split(/\r?\n/).filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Progress);
  }

  /** Loads an archive that is right, of this image. @returns what the answer says */
  async load(archive: Buffer, image: string): Promise<string> {
    this.adopt(image);
    const lines = await this.attempt(archive);
    const errors = lines.filter(({ error }) => error);
    assert.deepEqual(errors, []);
    return lines.map(({ stream }) => stream ?? '').join('');
  }

  /** To be removed at the end. */
  adopt(image: string): void {
    this.#loaded.add(image);
  }

  async removeAll(): Promise<void> {
    for (const image of this.#loaded) await this.#api.delete(`/images/${image}`, { force: true });
  }
}
