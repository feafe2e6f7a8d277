import { Failure } from './errors.js';

const CONTROL = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/** The keys that leave a container running when nothing else is asked for: Ctrl-P, Ctrl-Q. */
export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/**
 * Reads `ctrl-p,ctrl-q`, `a,b`, `ctrl-@`: the bytes that these keys send.
 * @throws Failure
 */
export function parseDetachKeys(text: string): number[] {
  return text.split(',').map((key) => {
    const control = /^ctrl-(.)$/i.exec(key)?.[1];
    if (control !== undefined) {
      const code = CONTROL.indexOf(control.toLowerCase());
      if (code >= 0) return code;
    } else if (key.length === 1) return key.charCodeAt(0);
    throw new Failure(`invalid detach keys (${text}): unknown character '${key}'`);
  });
}

/** Watches what is typed for the keys. Holds back what may be their beginning, and lets it go when it was not. */
export class DetachFilter {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** What is to be sent on, and whether the keys are complete. */
  push(chunk: Uint8Array): { forward: Buffer; detached: boolean } {
    const forward: number[] = [];
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#matched]) {
        forward.push(...this.#keys.slice(0, this.#matched));
        this.#matched = 0;
      }
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { forward: Buffer.from(forward), detached: true };
      } else forward.push(byte);
    }
    return { forward: Buffer.from(forward), detached: false };
  }
}
