import { readFileSync } from 'node:fs';
import { after } from 'node:test';
import { Engine, uniqueName } from './engine.js';
import { ImageLoader } from './image-loader.js';
import { dockerArchive, type TarEntry } from './tar.js';
import { HostWatch } from './watch.js';

const APPLETS = [
  'cat',
  'echo',
  'head',
  'id',
  'ln',
  'ls',
  'mkdir',
  'mount',
  'mv',
  'readlink',
  'rm',
  'sh',
  'sleep',
  'touch',
];

/** A layer with busybox, so that what stands in the image beside it is all that is not as it should be. */
const base: TarEntry[] = [
  { name: 'bin', type: '5' },
  { name: 'bin/busybox', mode: 0o755, content: readFileSync('/bin/busybox') },
  ...['true', ...APPLETS].map((name) => ({ name: `bin/${name}`, type: '2', link: 'busybox' })),
];

/** Makes images that nobody would make but to attack. */
export class HostileImages {
  readonly #images: ImageLoader;

  constructor(engine: Engine) {
    this.#images = new ImageLoader(engine.api);
  }

  /** An image with busybox, and over it these entries. @returns its name */
  async make(entries: TarEntry[], config: object = {}): Promise<string> {
    const tag = `${uniqueName('hostile')}:1`;
    await this.#images.load(dockerArchive({ tag, layers: [base, entries], config }).archive, tag);
    return tag;
  }

  removeAll(): Promise<void> {
    return this.#images.removeAll();
  }
}

/** An engine to be attacked by the tests of one file, a watch on the host around it, and images to attack it with. */
export async function openHostile() {
  const engine = await Engine.open();
  const host = new HostWatch(engine);
  const loader = new ImageLoader(engine.api);
  const images = new HostileImages(engine);
  after(async () => {
    await loader.removeAll();
    await images.removeAll();
    await engine.close();
  });
  return { engine, host, loader, images };
}
