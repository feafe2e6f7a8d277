import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import type { Deps } from '../../deps.js';
import { APPARMOR_DEFAULT } from '../../runtime/apparmor-profile.js';
import { boundingCapabilities } from '../../runtime/capabilities.js';
import { BUILTIN_PROFILE, BUILTIN_PROFILE_WITH_SOCKETCALL } from '../../runtime/seccomp-default.js';
import type { SeccompFilter } from '../../runtime/seccomp-filters.js';
import { parseSeccompProfile, type SeccompProfile } from '../../runtime/seccomp-profile.js';
import { parseSecurityOptions } from '../../runtime/security-options.js';
import { containerCapabilities } from '../../runtime/spec-process.js';
import type { ContainerRecord } from '../../store/containers.js';
import { appArmorProfile } from './confinement.js';

type SeccompDeps = Pick<Deps, 'apparmor' | 'config' | 'seccomp'>;

/** Profiles that have been read, by their text: the same text is the same profile. */
const parsed = new Map<string, SeccompProfile>();
const PARSED_MAX = 32;

function parse(text: string): SeccompProfile {
  const known = parsed.get(text);
  if (known) return known;
  const profile = parseSeccompProfile(text);
  if (parsed.size >= PARSED_MAX) parsed.delete(parsed.keys().next().value!);
  parsed.set(text, profile);
  return profile;
}

/** A name of a profile, or its text. */
function profileOf(given: string, builtin: SeccompProfile): SeccompProfile | undefined {
  if (given === 'unconfined') return undefined;
  return given === 'builtin' ? builtin : parse(given);
}

/** What 32-bit programs need for their sockets they get where AppArmor looks at what sockets those are. */
const builtinOf = (deps: Pick<Deps, 'apparmor'>, hostConfig: HostConfig): SeccompProfile =>
  appArmorProfile(deps, hostConfig) === APPARMOR_DEFAULT ? BUILTIN_PROFILE_WITH_SOCKETCALL : BUILTIN_PROFILE;

/** The profile of a container; undefined: it may call what it likes. @throws EngineError invalid */
function chooseProfile(deps: Pick<Deps, 'apparmor' | 'config'>, hostConfig: HostConfig): SeccompProfile | undefined {
  const { seccomp } = parseSecurityOptions(hostConfig.SecurityOpt);
  const builtin = builtinOf(deps, hostConfig);
  if (seccomp) return profileOf(seccomp, builtin);
  return hostConfig.Privileged ? undefined : profileOf(deps.config.seccompProfile, builtin);
}

/**
 * The filter of a container, where it is there: that is all but the first time that one is asked for. undefined: none.
 * @throws EngineError invalid
 */
export function seccompOf(
  deps: SeccompDeps,
  { hostConfig }: Pick<ContainerRecord, 'hostConfig'>,
): SeccompFilter | undefined | Promise<SeccompFilter> {
  const profile = chooseProfile(deps, hostConfig);
  if (!profile) return undefined;
  const capabilities = containerCapabilities(hostConfig, boundingCapabilities());
  return deps.seccomp.known(profile, capabilities) ?? deps.seccomp.ready(profile, capabilities);
}

/** Has the filter made that the container is going to need; whoever needs it is told what goes wrong. */
export function prepareSeccomp(deps: SeccompDeps & Pick<Deps, 'log'>, hostConfig: HostConfig): void {
  const filter = seccompOf(deps, { hostConfig });
  if (filter instanceof Promise) filter.catch((error) => deps.log.debug({ err: error }, 'compile a seccomp profile'));
}
