import type { Deps } from '../../deps.js';
import { parseSecurityOptions } from '../../runtime/security-options.js';
import type { Confinement } from '../../runtime/spec-process.js';
import type { ContainerRecord } from '../../store/containers.js';

/** What keeps a container's processes: what was asked for, and else what the daemon was told. */
export function confinementOf(deps: Pick<Deps, 'config'>, { hostConfig }: ContainerRecord): Confinement {
  const options = parseSecurityOptions(hostConfig.SecurityOpt);
  return { noNewPrivileges: options.noNewPrivileges ?? deps.config.noNewPrivileges };
}
