import type { Deps } from '../../deps.js';
import { errnoText } from './failure.js';

/** Says once in the daemon's log that a container's output is being lost, and once that it no longer is. */
export function reportLogTrouble(
  deps: Pick<Deps, 'log'>,
  container: string,
  target: string,
  errno: string,
  lost: number,
): void {
  if (errno) deps.log.warn({ container, target }, `output of a container is not logged: ${errnoText(errno)}`);
  else deps.log.warn({ container, target, lost }, 'output of a container is logged again');
}
