import { createHash } from 'node:crypto';
import { mkdirSync, utimesSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid, unavailable } from '@tinydocker/shared/errors.js';
import { newId } from '../../lib/ids.js';

export const isHttpAddress = (text: string): boolean => /^https?:\/\//i.test(text);

/** Whether an address is a repository's: by its scheme, its ending, or where everybody knows it from. */
export function isGitAddress(text: string): boolean {
  if (/^(git|ssh):\/\//i.test(text) || /^git@[^:/]+:/.test(text) || /^github\.com\//i.test(text)) return true;
  return isHttpAddress(text) && /\.git(#|$)/.test(text);
}

export interface Fetched {
  /** The file. */
  readonly path: string;
  /** Its directory, where it is alone. */
  readonly directory: string;
  readonly name: string;
  readonly digest: string;
}

/** The last part of an address's path; '' where there is none. */
function nameOf(address: URL): string {
  try {
    const name = decodeURIComponent(address.pathname.split('/').at(-1) ?? '');
    return name.includes('/') || name.includes('\0') || name === '.' || name === '..' ? '' : name;
  } catch {
    return '';
  }
}

/**
 * Downloads a file into a directory of its own below another.
 * @throws EngineError invalid: the address; unavailable: nobody answers, or with an error
 */
export async function fetchRemote(text: string, below: string, signal: AbortSignal): Promise<Fetched> {
  let address: URL;
  try {
    address = new URL(text);
  } catch {
    throw invalid(`invalid address "${text}"`);
  }
  if (!isHttpAddress(text)) throw invalid(`"${text}" is neither an address of HTTP nor a repository`);
  const directory = join(below, `remote-${newId()}`);
  mkdirSync(directory, { mode: 0o700 });
  const name = nameOf(address);
  const path = join(directory, name || 'file');
  let response: Response;
  try {
    response = await fetch(address, { signal, redirect: 'follow' });
  } catch (error) {
    signal.throwIfAborted();
    const cause = (error as Error).cause;
    throw unavailable(`Get "${text}": ${cause instanceof Error ? cause.message : (error as Error).message}`);
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw unavailable(`Get "${text}": ${response.status} ${response.statusText}`);
  }
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const piece of response.body) {
      hash.update(piece);
      await file.write(piece);
    }
  } finally {
    await file.close();
  }
  const modified = Date.parse(response.headers.get('last-modified') ?? '');
  const time = Number.isNaN(modified) ? 0 : modified / 1000;
  utimesSync(path, time, time);
  return { path, directory, name, digest: `sha256:${hash.digest('hex')}` };
}
