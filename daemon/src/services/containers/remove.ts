import { conflict, notFound } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { ContainerRecord } from '../../store/containers.js';
import { collectContent } from '../images/collect.js';
import { forgetPlaces } from '../networks/places.js';
import { endRestartingLocked } from './end-restarting.js';
import { writeHosts } from './engine-files.js';
import { sendSignal } from './kill.js';
import { removeLink } from './links.js';
import { publishContainer } from './publish.js';
import { removeAnonymousVolumes } from './volumes.js';
import { hasProcess, isRunning, untilExited } from './wait.js';

const SIGKILL = 9;

export type RemoveDeps = Pick<
  Deps,
  | 'addresses'
  | 'config'
  | 'containers'
  | 'events'
  | 'firewall'
  | 'holds'
  | 'images'
  | 'layers'
  | 'locks'
  | 'log'
  | 'networks'
  | 'paths'
  | 'restarts'
  | 'shims'
  | 'trash'
  | 'volumes'
>;

/**
 * Removes a container that has ended, whose lock the caller holds. The row goes first: what a crash leaves behind after that
 * has no row, and is removed as a stray. Its shim may still be at work: the cgroup and the mounts that it takes away are
 * known by the id alone, which is never used again.
 * One that removes itself takes the volumes along that were made up for it.
 */
export function removeLocked(deps: RemoveDeps, id: string, options: { volumes?: boolean } = {}): void {
  const record = deps.containers.get(id);
  if (!record) throw notFound(`No such container: ${id}`);
  deps.containers.remove(id);
  deps.shims.forget(id);
  deps.restarts.reset(id);
  forgetPlaces(deps, record);
  deps.trash.discard(deps.paths.container(id));
  // The last container of an image that was removed by force: its layers go with it.
  if (!deps.images.get(record.imageId)) collectContent(deps);
  if (options.volumes || record.hostConfig.AutoRemove) removeAnonymousVolumes(deps, record);
  publishContainer(deps, record, 'destroy');
}

/** Ends a container that runs, or waits to be restarted, whose lock the caller holds. */
async function endByForce(deps: RemoveDeps, record: ContainerRecord): Promise<void> {
  if (endRestartingLocked(deps, record.id)) return;
  await sendSignal(deps, record, SIGKILL, true).catch(() => {}); // it may have ended by itself
  await untilExited(deps, record.id);
}

/**
 * Removes a container, whose ports are free then; `force` kills it first, `v` takes along the volumes that were made up for it. With `link` no container is
 * removed but a link, by the name that it gives (`self/alias`).
 * @throws EngineError not-found, conflict (it runs)
 */
export async function removeContainer(
  deps: RemoveDeps,
  nameOrId: string,
  options: { force?: boolean; link?: boolean; v?: boolean } = {},
): Promise<void> {
  if (options.link) {
    const record = removeLink(deps, nameOrId);
    if (hasProcess(record)) writeHosts(deps, deps.paths.container(record.id), record);
    return;
  }
  const { id } = deps.containers.resolve(nameOrId);
  await deps.locks.run(id, async () => {
    const record = deps.containers.get(id);
    if (!record) throw notFound(`No such container: ${nameOrId}`);
    if (isRunning(record)) {
      if (!options.force) {
        const { status } = record.state;
        const todo =
          status === 'paused' ? ' and must be unpaused first' : ': stop the container before removing or force remove';
        throw conflict(`cannot remove container "${nameOrId}": container is ${status}${todo}`);
      }
      await endByForce(deps, record);
    }
    const freed = deps.firewall.withdrawing(id);
    if (freed) await freed;
    removeLocked(deps, id, { volumes: options.v });
  });
}
