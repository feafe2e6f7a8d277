import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The project's own directory, above test/dist/helpers. */
export const PROJECT = resolve(import.meta.dirname, '../../..');

export const DAEMON = join(PROJECT, 'daemon/bin/tinydockerd');
export const TDCTL = join(PROJECT, 'client/bin/tdctl');

/** The image that ships with the engine, as images/build makes it. */
export function busyboxTar(): string {
  const tar = join(PROJECT, 'images/busybox.tar');
  if (!existsSync(tar)) throw new Error(`${tar} is missing: run images/build`);
  return tar;
}
