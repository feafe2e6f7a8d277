import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { conflict } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { APPARMOR_DEFAULT } from '../../runtime/apparmor-profile.js';
import { parseSecurityOptions } from '../../runtime/security-options.js';
import type { Confinement } from '../../runtime/spec-process.js';
import type { ContainerRecord } from '../../store/containers.js';

type ConfinementDeps = Pick<Deps, 'apparmor' | 'config'>;

/** The container's profile of AppArmor; '' where the machine has none. */
export const appArmorProfile = (deps: Pick<Deps, 'apparmor'>, hostConfig: HostConfig): string =>
  deps.apparmor.profileOf(parseSecurityOptions(hostConfig.SecurityOpt).apparmor, hostConfig.Privileged ?? false);

/**
 * What keeps a container's processes: what was asked for, and else what the daemon was told. A privileged exec is kept by the same,
 * as in Docker.
 */
export function confinementOf(deps: ConfinementDeps, { hostConfig }: ContainerRecord): Confinement {
  const options = parseSecurityOptions(hostConfig.SecurityOpt);
  const profile = appArmorProfile(deps, hostConfig);
  return {
    noNewPrivileges: options.noNewPrivileges ?? deps.config.noNewPrivileges,
    ...(profile && { apparmorProfile: profile }),
  };
}

/**
 * Sees to it that the container's profile of AppArmor is there; undefined: it is, or there is none.
 * @throws EngineError conflict: it is not loaded, and nobody but the administrator can tell what is in it
 */
export function appArmorReady(deps: ConfinementDeps, { hostConfig }: ContainerRecord): Promise<void> | undefined {
  const profile = appArmorProfile(deps, hostConfig);
  if (profile === '' || profile === 'unconfined') return undefined;
  if (profile === APPARMOR_DEFAULT) return deps.apparmor.loaded ? undefined : deps.apparmor.ready();
  if (!deps.apparmor.knows(profile)) {
    throw conflict(`apparmor profile "${profile}" is not loaded: load it with apparmor_parser, or ask for another`);
  }
  return undefined;
}
