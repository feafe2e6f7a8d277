import type { ContainerCreateRequest } from '@tinydocker/shared/api/containers.js';
import type { Deps } from '../../deps.js';

/** The network mode of a new container, with the default in place of what was left open. */
export function networkMode(deps: Pick<Deps, 'config'>, request: ContainerCreateRequest): string {
  if (request.NetworkDisabled) return 'none';
  const asked = request.HostConfig?.NetworkMode || 'default';
  if (asked !== 'default') return asked;
  return deps.config.network.bridge ? 'bridge' : 'none';
}
