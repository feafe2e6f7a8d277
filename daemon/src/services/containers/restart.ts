import { EngineError } from '@tinydocker/shared/errors.js';
import { publishContainer } from './publish.js';
import { type StartDeps, startContainer } from './start.js';
import { type StopOptions, stopContainer } from './stop.js';

const unlessNotModified = (error: unknown): void => {
  if (!(error instanceof EngineError && error.kind === 'not-modified')) throw error;
};

/** Stops a container that runs, and starts it. @throws what stopping and starting throw, but not-modified */
export async function restartContainer(deps: StartDeps, nameOrId: string, options: StopOptions = {}): Promise<void> {
  const { id } = deps.containers.resolve(nameOrId);
  // Its end is not the one that --rm has been waiting for.
  await deps.restarts.keep(id, () => stopContainer(deps, id, options).catch(unlessNotModified));
  await startContainer(deps, id).catch(unlessNotModified);
  const record = deps.containers.get(id);
  if (record) publishContainer(deps, record, 'restart');
}
