import { EngineError } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { resumeContainer } from './kill.js';

/** Lets a paused container go on. @throws EngineError not-found, system (it is not paused) */
export async function unpauseContainer(
  deps: Pick<Deps, 'config' | 'containers' | 'events' | 'locks'>,
  nameOrId: string,
): Promise<void> {
  const { id } = deps.containers.resolve(nameOrId);
  await deps.locks.run(id, () => {
    const record = deps.containers.resolve(id);
    // Docker's kind for it.
    if (record.state.status !== 'paused') throw new EngineError('system', `Container ${id} is not paused`);
    resumeContainer(deps, id);
  });
}
