import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from './api.js';
import { ImageLoader } from './image-loader.js';
import { PROJECT } from './paths.js';
import { dockerArchive } from './tar.js';

/** native-shim/test/probe.c: asks for every system call that there is. */
export const PROBE = join(PROJECT, 'native-shim/build/probe');

/** Gives an engine an image of busybox and the probe, as /probe. */
export async function loadProbe(api: ApiClient, tag: string): Promise<ImageLoader> {
  const images = new ImageLoader(api);
  const programs = [
    { name: 'bin', type: '5' },
    { name: 'bin/busybox', mode: 0o755, content: readFileSync('/bin/busybox') },
    ...['sh', 'cat', 'id', 'ls', 'sleep', 'grep'].map((name) => ({ name: `bin/${name}`, type: '2', link: 'busybox' })),
    { name: 'probe', mode: 0o755, content: readFileSync(PROBE) },
  ];
  await images.load(dockerArchive({ tag, layers: [programs] }).archive, tag);
  return images;
}

/** Its lines: what was called, and what came of it. */
export const answers = (output: string): Map<string, string> =>
  new Map(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([call, ...rest]) => [call!, rest.join(' ')]),
  );
