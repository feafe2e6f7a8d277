import { conflict } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { discardVolume } from './create.js';
import { requireVolume } from './inspect.js';
import { settleVolume, withVolume } from './settle.js';
import { volumeUsers } from './users.js';

export type RemoveVolumeDeps = Pick<Deps, 'containers' | 'events' | 'holds' | 'locks' | 'paths' | 'trash' | 'volumes'>;

/**
 * Removes a volume; with `force` it need not be there.
 * @throws EngineError not-found, conflict (a container uses it)
 */
export async function removeVolume(
  deps: RemoveVolumeDeps,
  name: string,
  options: { force?: boolean } = {},
): Promise<void> {
  if (options.force && !deps.volumes.get(name)) return;
  await withVolume(deps, name, async () => {
    const volume = requireVolume(deps, name);
    const refuse = () => {
      const users = volumeUsers(deps, name);
      if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
    };
    refuse();
    // Or its files would be deleted where they really are.
    await settleVolume(deps, volume);
    refuse(); // a container may have been created meanwhile
    discardVolume(deps, name);
  });
}

/** Removes a volume if it is there and nobody uses it. @returns whether it was removed */
export async function removeUnusedVolume(deps: RemoveVolumeDeps, name: string): Promise<boolean> {
  try {
    await removeVolume(deps, name);
    return true;
  } catch (error) {
    const { kind } = error as { kind?: string };
    if (kind === 'not-found' || kind === 'conflict') return false;
    throw error;
  }
}
