import type { Deps } from '../../deps.js';

/** An image's layers, topmost first, as a list that overlayfs mounts without an upper directory: it wants two at least. */
export const layerDirectories = (deps: Pick<Deps, 'paths'>, layers: readonly string[]): string[] =>
  layers.length > 1 ? [...layers] : [...layers, deps.paths.empty];
