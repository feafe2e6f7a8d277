import { invalid } from '@tinydocker/shared/errors.js';
import type { ContainerMount } from '../lib/mount.js';

type Options = Readonly<Record<string, string>>;

const KNOWN = ['type', 'device', 'o'];

/** Words of `o` that are flags of mount(2); the rest is for the file system. */
const BIND = ['bind', 'rbind'];

/** What stands for a volume: a directory of its own, one of the host, or a file system that is mounted on its directory. */
export type VolumeSource =
  | { kind: 'directory' }
  | { kind: 'bind'; path: string; recursive: boolean; rw: boolean }
  | { kind: 'filesystem'; type: string; device: string; options: string[] };

/**
 * Checks the options of the local driver, in the words of mount(8): type, device, o.
 * @throws EngineError invalid
 */
export function checkOptions(options: Options): void {
  if ('size' in options) throw invalid('quota size requested but no quota support');
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) throw invalid(`invalid option: ${JSON.stringify(unknown)}`);
  if (Object.keys(options).length === 0) return;
  if (!options.device) throw invalid('missing required option: "device"');
  const source = volumeSource(options);
  if (source.kind === 'filesystem' && !source.type) throw invalid('missing required option: "type"');
  if (source.kind === 'bind' && !source.path.startsWith('/'))
    throw invalid(`invalid option "device": ${JSON.stringify(source.path)} is not an absolute path`);
}

/** What to mount for a volume with these options. */
export function volumeSource(options: Options | null): VolumeSource {
  if (!options || Object.keys(options).length === 0) return { kind: 'directory' };
  const words = (options.o ?? '').split(',').filter((word) => word !== '');
  const device = options.device ?? '';
  if (words.some((word) => BIND.includes(word)))
    return { kind: 'bind', path: device, recursive: words.includes('rbind'), rw: !words.includes('ro') };
  return { kind: 'filesystem', type: options.type ?? '', device, options: words };
}

/** The mount of a volume, with the path on the host that it is made from. `data` is its own directory. */
export function locateVolume(mount: ContainerMount, options: Options | null, data: string): ContainerMount {
  const source = volumeSource(options);
  if (source.kind !== 'bind') return { ...mount, source: data };
  return { ...mount, source: source.path, recursive: source.recursive, rw: mount.rw && source.rw };
}
