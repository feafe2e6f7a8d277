import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Deps } from '../../deps.js';
import type { ContainerRecord } from '../../store/containers.js';
import { pauseContainer } from './pause.js';
import { unpauseContainer } from './unpause.js';

type StillDeps = Parameters<typeof pauseContainer>[0] & Pick<Deps, 'log' | 'paths'>;

/** A file beside the container's layer: it stands still for as long as its files are being read, and not longer. */
const markOf = (deps: Pick<Deps, 'paths'>, id: string): string => `${deps.paths.container(id)}/stands-still`;

async function letGo(deps: StillDeps, id: string): Promise<void> {
  // It may have ended, or somebody else has let it go on.
  await unpauseContainer(deps, id).catch(() => {});
  rmSync(markOf(deps, id), { force: true });
}

/** Does some work while a container's processes stand still, if they run and can be made to. */
export async function whileStill(deps: StillDeps, record: ContainerRecord, work: () => Promise<void>): Promise<void> {
  const { id } = record;
  if (record.state.status !== 'running') return work();
  writeFileSync(markOf(deps, id), '');
  try {
    await pauseContainer(deps, id);
  } catch (error) {
    rmSync(markOf(deps, id), { force: true });
    deps.log.debug({ err: error, container: id }, 'a container does not stand still');
    return work();
  }
  try {
    await work();
  } finally {
    await letGo(deps, id);
  }
}

/** After a crash: containers that stood still for work that nobody does any more go on. */
export async function resumeInterrupted(deps: StillDeps): Promise<void> {
  const marked = deps.containers.list().filter(({ id }) => existsSync(markOf(deps, id)));
  await Promise.all(marked.map(({ id }) => letGo(deps, id)));
}
