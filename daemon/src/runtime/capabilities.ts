import { readFileSync } from 'node:fs';

/** capabilities(7) in the order of their numbers. */
export const CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
];

/**
 * What a container may do where nothing else is said: Docker's list. CAP_MKNOD makes nodes, which is not yet to open them: the
 * rules for devices (devices.ts) decide that.
 */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** `net_admin`, `CAP_NET_ADMIN` and `all` as the kernel's documentation writes them; undefined: there is none such. */
export function capabilityName(given: string): string | undefined {
  const upper = given.toUpperCase();
  if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL';
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  return CAPABILITIES.includes(name) ? name : undefined;
}

/** The names of a capability mask as /proc/pid/status writes it (hexadecimal). */
export function capabilitiesOfMask(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return CAPABILITIES.filter((_, number) => (bits >> BigInt(number)) & 1n);
}

let bounding: readonly string[] | undefined;

/** The capabilities that this daemon can give away at all: its own bounding set. */
export function boundingCapabilities(): readonly string[] {
  const status = (): string => readFileSync('/proc/self/status', 'latin1');
  bounding ??= capabilitiesOfMask(/^CapBnd:\s*([0-9a-f]+)/m.exec(status())?.[1] ?? '0');
  return bounding;
}

/** The capabilities that this kernel has, by the number of its last one. */
function kernelCapabilities(): readonly string[] {
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'latin1'));
  return CAPABILITIES.slice(0, last + 1);
}

/** Those that the kernel has and the daemon cannot give away. */
export const missingCapabilities = (all: readonly string[]): string[] =>
  kernelCapabilities().filter((name) => !all.includes(name));

/** A sentence where `add` names one that cannot be given: the container is started without it, as with Docker. */
export function capabilityWarnings(add: readonly string[], all: readonly string[]): string[] {
  const missing = add.map(capabilityName).filter((name) => name && name !== 'ALL' && !all.includes(name));
  if (missing.length === 0) return [];
  return [`This engine does not have ${missing.join(', ')} itself, and cannot give what it does not have.`];
}

/**
 * The set of a container: Docker's default (privileged: all there are) without `drop` and with `add`, where `add` wins over
 * `drop` of the same name or of ALL, and single names of `drop` win over `add` of ALL.
 */
export function resolveCapabilities(
  privileged: boolean,
  add: readonly string[],
  drop: readonly string[],
  all: readonly string[],
): string[] {
  if (privileged) return [...all];
  const adds = add.map(capabilityName);
  const drops = drop.map(capabilityName);
  if (adds.includes('ALL')) return all.filter((name) => !drops.includes(name));
  const base = drops.includes('ALL') ? [] : DEFAULT_CAPABILITIES;
  const set = new Set(base.filter((name) => all.includes(name) && !drops.includes(name)));
  for (const name of adds) if (name && all.includes(name)) set.add(name);
  return [...set];
}
