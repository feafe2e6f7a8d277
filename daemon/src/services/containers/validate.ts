import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';
import { selinuxIsOn } from '../../kernel/selinux.js';
import type { ContainerMount } from '../../lib/mount.js';
import { isWord } from '../../lib/word.js';
import { capabilityName } from '../../runtime/capabilities.js';
import { parseSecurityOptions } from '../../runtime/security-options.js';
import { validateLogConfig } from './log-config.js';
import { checkRestartPolicy, hasRestartPolicy } from './restart-policy.js';
import { parseSignal } from './signals.js';
import { validateResources } from './validate-resources.js';

/** HOST_NAME_MAX of uname(2). */
const HOSTNAME_MAX = 64;

/** Checks what of a container goes with it to any host. @throws EngineError invalid */
export function validateConfig(config: ContainerConfig): void {
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('=')) throw invalid(`invalid environment variable: ${entry}`);
  }
  if (config.WorkingDir && !config.WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  for (const name of [config.Hostname ?? '', config.Domainname ?? '']) {
    if (!isWord(name) || Buffer.byteLength(name) > HOSTNAME_MAX) {
      throw invalid(
        `invalid host name: ${JSON.stringify(name)}: it needs to be one word of at most ${HOSTNAME_MAX} bytes`,
      );
    }
  }
}

const MODES: readonly (readonly [field: 'IpcMode' | 'PidMode' | 'UTSMode' | 'CgroupnsMode', name: string, RegExp])[] = [
  ['IpcMode', 'IPC mode', /^(|none|private|shareable|host|container:.+)$/],
  ['PidMode', 'PID mode', /^(|host|container:.+)$/],
  ['UTSMode', 'UTS mode', /^(|host)$/],
  ['CgroupnsMode', 'cgroup namespace mode', /^(|private|host)$/],
];

const RUNTIMES = ['', 'td-shim', 'runc'];

function validateModes(config: ContainerConfig, h: HostConfig): void {
  for (const [field, name, pattern] of MODES) {
    if (!pattern.test(h[field] ?? '')) throw invalid(`invalid ${name}: ${h[field]}`);
  }
  if (!['', 'default'].includes(h.Isolation ?? '')) {
    throw invalid(`invalid isolation (${h.Isolation}): linux only supports 'default'`);
  }
  if (!RUNTIMES.includes(h.Runtime ?? '')) throw invalid(`unknown or invalid runtime name: ${h.Runtime}`);
  checkRestartPolicy(h.RestartPolicy);
  if (h.AutoRemove && hasRestartPolicy(h.RestartPolicy)) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  if (h.UTSMode === 'host' && config.Hostname) throw invalid('conflicting options: hostname and the UTS mode');
}

function validateSecurity(h: HostConfig): void {
  for (const field of ['CapAdd', 'CapDrop'] as const) {
    for (const given of h[field] ?? []) {
      if (capabilityName(given)) continue;
      const name = given.toUpperCase().replace(/^(CAP_)?/, 'CAP_');
      throw invalid(`invalid ${field}: unknown capability: "${name}"`);
    }
  }
  const { apparmor, labels } = parseSecurityOptions(h.SecurityOpt);
  // It is written into a file of the kernel's behind a word of ours.
  if (apparmor !== undefined && !/^[\x21-\x7e]{0,250}$/.test(apparmor))
    throw invalid(`invalid name of an apparmor profile: ${JSON.stringify(apparmor.slice(0, 80))}`);
  // Where it is off a label means nothing, and is kept and shown as Docker does.
  const label = labels.find((given) => given !== 'disable');
  if (label !== undefined && selinuxIsOn())
    throw notImplemented(`this engine does not set labels of SELinux (label=${label.slice(0, 60)}) yet`);
}

const ULIMITS = 'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
  ' ',
);

function validateUlimits(h: HostConfig): void {
  for (const { Name, Soft, Hard } of h.Ulimits ?? []) {
    if (!ULIMITS.includes(Name)) throw invalid(`invalid ulimit type: ${Name}`);
    if (Soft < -1 || Hard < -1) throw invalid(`invalid ulimit ${Name}: ${Soft}:${Hard}`);
    if (Hard !== -1 && (Soft > Hard || Soft === -1)) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
  }
}

const IPC_SYSCTLS = ['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'];

/** Only what belongs to a namespace of the container's own: every other sysctl is the host's. */
function validateSysctls(h: HostConfig): void {
  for (const key of Object.keys(h.Sysctls ?? {})) {
    const path = key.replaceAll('/', '.');
    const net = path.startsWith('net.') && h.NetworkMode !== 'host';
    const ipc =
      h.IpcMode !== 'host' && (path.startsWith('fs.mqueue.') || IPC_SYSCTLS.some((name) => path === `kernel.${name}`));
    const uts = path === 'kernel.domainname' && h.UTSMode !== 'host';
    if (!net && !ipc && !uts) throw invalid(`sysctl "${key}" is not in a separate kernel namespace`);
  }
}

/** `name:address`, where the address may itself hold colons, or be written in brackets. */
export function parseExtraHost(entry: string): { name: string; address: string } {
  const colon = entry.search(/[:=]/);
  const name = entry.slice(0, Math.max(0, colon));
  const address = entry.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
  if (!name || !isWord(name)) throw invalid(`bad format for add-host: "${entry}"`);
  if (address !== 'host-gateway' && !isIP(address)) throw invalid(`invalid IP address in add-host: "${address}"`);
  return { name, address };
}

function validateNames(h: HostConfig): void {
  for (const entry of h.ExtraHosts ?? []) parseExtraHost(entry);
  for (const server of h.Dns ?? []) if (!isIP(server)) throw invalid(`invalid DNS address: "${server}"`);
  for (const word of [...(h.DnsSearch ?? []), ...(h.DnsOptions ?? [])]) {
    if (!isWord(word)) throw invalid(`invalid DNS search domain or option: ${JSON.stringify(word)}`);
  }
}

/** Checks that what is to be mounted is there, where it is not made. @throws EngineError invalid */
export function validateMounts(mounts: readonly ContainerMount[]): void {
  for (const { type, source, createSource } of mounts) {
    if (type === 'bind' && !createSource && !statSync(source, { throwIfNoEntry: false })) {
      throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
    }
  }
}

/** Checks what of a container depends on the host. @throws EngineError invalid, not-implemented */
export function validateHostConfig(config: ContainerConfig, h: HostConfig): void {
  validateModes(config, h);
  validateResources(h);
  const adjustment = h.OomScoreAdj ?? 0;
  if (adjustment < -1000 || adjustment > 1000) {
    throw invalid(`Invalid value ${adjustment}, range for oom score adj is [-1000, 1000]`);
  }
  if ((h.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0');
  validateSecurity(h);
  validateUlimits(h);
  validateSysctls(h);
  validateNames(h);
  validateLogConfig(h);
}

/** A C string ends at a NUL: what follows one would be left out in silence. @throws EngineError invalid */
export function refuseNul(request: object): void {
  if (/(?<!\\)(?:\\\\)*\\u0000/.test(JSON.stringify(request))) throw invalid('a text of the request holds a NUL byte');
}
