import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Deps } from '../../deps.js';

/**
 * A layer of the engine's own with the files that it mounts on in every container's /etc, and which most images lack. With
 * it below a container's own layer nothing has to be made there at a start: no copy of /etc, no three files, none of them to
 * be deleted later. (Docker has such a layer for each container.)
 */
export function makeMountpoints(dir: string): void {
  mkdirSync(`${dir}/etc`, { recursive: true, mode: 0o755 });
  for (const name of ['hostname', 'hosts', 'resolv.conf']) writeFileSync(`${dir}/etc/${name}`, '', { mode: 0o644 });
  // Where programs of before /proc look for what is mounted.
  if (!lstatSync(`${dir}/etc/mtab`, { throwIfNoEntry: false })) symlinkSync('/proc/mounts', `${dir}/etc/mtab`);
  // By which programs find out that they run in a container.
  writeFileSync(`${dir}/.dockerenv`, '', { mode: 0o755 });
}

/**
 * Whether the topmost /etc of these layers (topmost first) is a directory like that of the engine's layer, or there is none,
 * and no layer has a list of mounts of its own.
 */
function plainEtc(layers: readonly string[]): boolean {
  // A link in the place of /etc would lead out of the layer.
  const mtab = (layer: string) =>
    lstatSync(`${layer}/etc`, { throwIfNoEntry: false })?.isDirectory()
      ? lstatSync(`${layer}/etc/mtab`, { throwIfNoEntry: false })
      : undefined;
  if (layers.some((layer) => mtab(layer)?.isSymbolicLink() === false)) return false;
  for (const layer of layers) {
    const etc = lstatSync(`${layer}/etc`, { throwIfNoEntry: false });
    // The upper of two merged directories gives owner and mode, and hides anything that is not a directory.
    if (etc) return etc.isDirectory() && etc.uid === 0 && etc.gid === 0 && (etc.mode & 0o7777) === 0o755;
  }
  return true;
}

const known = new Map<string, boolean>();

/** The engine's layer as a list to put above an image's (topmost first); empty where it would change what the image shows. */
export function mountpointsAbove(deps: Pick<Deps, 'paths'>, layers: readonly string[]): string[] {
  // Layers never change and their directories' names are never used again.
  const key = layers.join(':');
  const usable = known.get(key) ?? plainEtc(layers);
  known.set(key, usable);
  return usable ? [deps.paths.mountpoints] : [];
}
