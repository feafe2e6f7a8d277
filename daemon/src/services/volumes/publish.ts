import type { Deps } from '../../deps.js';

type VolumeAction = 'create' | 'mount' | 'unmount' | 'destroy';

/** Tells of what happened to a volume. */
export function publishVolume(
  deps: Pick<Deps, 'events'>,
  action: VolumeAction,
  name: string,
  more: Record<string, string> = {},
): void {
  deps.events.publish('volume', action, name, { driver: 'local', ...more });
}
