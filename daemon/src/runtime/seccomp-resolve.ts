import type { RuleFilter, SeccompProfile, SyscallCondition, SyscallRule } from './seccomp-profile.js';

/** linux.seccomp of the OCI runtime specification: a profile without conditions about the machine and the container. */
export interface OciSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures: string[];
  flags?: string[];
  syscalls: { names: string[]; action: string; errnoRet?: number; args?: SyscallCondition[] }[];
}

/** What the conditions of a profile are about. */
export interface SeccompCircumstances {
  /** As Node names processors: x64, arm64. */
  arch: string;
  /** `uname -r`. */
  kernel: string;
  /** The container's bounding set. */
  capabilities: readonly string[];
}

/** Node's names of processors: Docker's, and libseccomp's. */
const ARCHITECTURES: Readonly<Record<string, { docker: string; native: string }>> = {
  x64: { docker: 'amd64', native: 'SCMP_ARCH_X86_64' },
  arm64: { docker: 'arm64', native: 'SCMP_ARCH_AARCH64' },
  s390x: { docker: 's390x', native: 'SCMP_ARCH_S390X' },
  riscv64: { docker: 'riscv64', native: 'SCMP_ARCH_RISCV64' },
  ppc64: { docker: 'ppc64le', native: 'SCMP_ARCH_PPC64LE' },
};

/** Whether a kernel "6.1.0-13-amd64" is at least "4.8". */
export function kernelIsAtLeast(kernel: string, wanted: string): boolean {
  const numbers = (text: string) => /^(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number) ?? [0, 0];
  const [have, want] = [numbers(kernel), numbers(wanted)];
  return have[0]! !== want[0]! ? have[0]! > want[0]! : have[1]! >= want[1]!;
}

function isExcluded(filter: RuleFilter, at: SeccompCircumstances, arch: string): boolean {
  return Boolean(
    filter.arches?.includes(arch) ||
      filter.caps?.some((name) => at.capabilities.includes(name)) ||
      (filter.minKernel && kernelIsAtLeast(at.kernel, filter.minKernel)),
  );
}

function isIncluded(filter: RuleFilter, at: SeccompCircumstances, arch: string): boolean {
  return Boolean(
    (!filter.arches?.length || filter.arches.includes(arch)) &&
      (!filter.caps?.length || filter.caps.every((name) => at.capabilities.includes(name))) &&
      (!filter.minKernel || kernelIsAtLeast(at.kernel, filter.minKernel)),
  );
}

const ruleOf = (rule: SyscallRule): OciSeccomp['syscalls'][number] => ({
  names: [...rule.names],
  action: rule.action,
  ...(typeof rule.errnoRet === 'number' && { errnoRet: rule.errnoRet }),
  ...(rule.args?.length && { args: [...rule.args] }),
});

function architecturesOf(profile: SeccompProfile, native: string | undefined): string[] {
  if (profile.architectures?.length) return [...profile.architectures];
  const found = profile.archMap?.find(({ architecture }) => architecture === native);
  return found ? [found.architecture, ...(found.subArchitectures ?? [])] : native ? [native] : [];
}

/** The profile as it is for one container on one machine. Pure. */
export function resolveSeccomp(profile: SeccompProfile, at: SeccompCircumstances): OciSeccomp {
  const names = ARCHITECTURES[at.arch];
  const arch = names?.docker ?? at.arch;
  const rules = (profile.syscalls ?? []).filter(
    ({ includes, excludes }) =>
      !(excludes && isExcluded(excludes, at, arch)) && (!includes || isIncluded(includes, at, arch)),
  );
  return {
    defaultAction: profile.defaultAction,
    ...(typeof profile.defaultErrnoRet === 'number' && { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: architecturesOf(profile, names?.native),
    ...(profile.flags?.length && { flags: [...profile.flags] }),
    syscalls: rules.filter(({ names: calls }) => calls.length > 0).map(ruleOf),
  };
}

/** Its JSON, with numbers of 64 bits as such. */
export const seccompJson = (seccomp: OciSeccomp): string =>
  JSON.stringify(seccomp).replace(/"(value|valueTwo)":"(\d+)"/g, '"$1":$2');
