import { rmSync } from 'node:fs';
import { removeContainer } from '../containers/remove.js';
import { dropForgottenSteps } from './prune.js';
import { BUILD_ANNOTATION } from './run.js';
import type { BuildDeps } from './session.js';

/** A build ends with its daemon: commands that are still at work have nobody to work for, secrets nobody to read them. */
export async function restoreBuilds(deps: BuildDeps): Promise<void> {
  rmSync(deps.paths.buildSecrets, { recursive: true, force: true });
  const mine = deps.containers.list().filter(({ hostConfig }) => hostConfig.Annotations?.[BUILD_ANNOTATION]);
  const removed = mine.map(({ id }) =>
    removeContainer(deps, id, { force: true }).catch((error) =>
      deps.log.error({ container: id, err: error }, 'remove the container of a build'),
    ),
  );
  await Promise.all(removed);
  dropForgottenSteps(deps);
}
