import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { writeSmallFile } from '../kernel/file.js';
import { isTmpfs, MS_NODEV, MS_NOEXEC, MS_NOSUID, mountTmpfs, unmount } from '../kernel/mount.js';
import type { ShimInterface } from './interface.js';
import type { OciSpec } from './oci.js';
import type { ExitReport } from './shim.js';

/** What the OCI specification has no place for (docs/shim-protocol.md). */
export interface ShimConfig {
  id: string;
  user: string;
  groups: string[];
  makeCwd: boolean;
  stdin: { open: boolean; once: boolean };
  log: ShimLog;
  /** The filter of system calls: a file of the kernel's program, and SECCOMP_FILTER_FLAG_*. */
  seccomp?: { program: string; flags: string[] } | undefined;
  network?: { interfaces: ShimInterface[] } | undefined;
  /** The daemon is its name server, at 127.0.0.11. */
  resolver?: boolean;
}

/** The container's log. What is undefined does not concern the driver. */
export interface ShimLog {
  driver: 'json-file' | 'local' | 'syslog' | 'journald' | 'none';
  /** The file; of syslog and journald the one to be read back, or none. */
  path?: string | undefined;
  /** Bytes; 0: no limit. */
  maxSize?: number;
  maxFiles?: number;
  compress?: boolean;
  /** A JSON object that stands in every record. */
  attrs?: string | undefined;
  /** Who is sent the records: unix:, unixgram:, udp: or tcp://. */
  address?: string;
  /** Bytes that may wait for it. */
  bufferSize?: number | undefined;
  facility?: number;
  format?: string;
  /** Seconds east of Greenwich. */
  utcOffset?: number;
  hostname?: string;
  tag?: string;
  /** NAME=value, in every entry of the journal. */
  fields?: string[];
}

/**
 * Makes the directory of all bundles. What is in it has to end with the machine, and every start and end makes and removes some
 * ten files there: where it is not on a tmpfs, as /run is on most machines, it gets one of its own. One that has bundles of
 * running containers in it stays what it is.
 * @returns what kept the mount from being made, if anything did: bundles do on a disk as well
 */
export function prepareBundles(dir: string): Error | undefined {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (isTmpfs(dir) || readdirSync(dir).length > 0) return undefined;
  try {
    mountTmpfs(dir, MS_NOSUID | MS_NODEV | MS_NOEXEC, 'mode=0700');
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Takes that directory away, with its mount, where no container runs; does nothing else. */
export function releaseBundles(dir: string): void {
  try {
    if (readdirSync(dir).length > 0) return;
    if (isTmpfs(dir)) unmount(dir);
    rmdirSync(dir);
  } catch {
    // It was no mount of its own, or a shim that is about to end is still in it.
  }
}

/** Makes a bundle's directory with the empty one that the root is mounted on. What an earlier one left is removed. */
export function makeBundle(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    removeBundle(dir);
    mkdirSync(dir, { mode: 0o700 });
  }
  mkdirSync(`${dir}/rootfs`, { mode: 0o700 });
}

export const writeSpec = (dir: string, spec: OciSpec): void =>
  writeSmallFile(`${dir}/config.json`, JSON.stringify(spec), 0o600);

export const writeShimConfig = (dir: string, config: ShimConfig): void =>
  writeSmallFile(`${dir}/shim.json`, JSON.stringify(config), 0o600);

/** How the container ended, when its shim got as far as writing it down. */
export function readExit(dir: string): ExitReport | undefined {
  try {
    return JSON.parse(readFileSync(`${dir}/exit.json`, 'utf8')) as ExitReport;
  } catch {
    return undefined;
  }
}

/** The cgroup that a bundle names, for one that no container is known to. */
export function readCgroupPath(dir: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(`${dir}/config.json`, 'utf8')) as OciSpec).linux.cgroupsPath;
  } catch {
    return undefined;
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

function attempt(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

const FILES = ['config.json', 'shim.json', 'exit.json', 'hostname', 'hosts', 'resolv.conf'];

/** Removes a bundle: the files that are known by name, and whatever else there should be. */
export function removeBundle(dir: string): void {
  try {
    for (const file of FILES) attempt(() => unlinkSync(`${dir}/${file}`));
    attempt(() => rmdirSync(`${dir}/rootfs`));
    attempt(() => rmdirSync(dir));
  } catch {
    // A shim that was killed left its socket, or half of a file.
    rmSync(dir, { recursive: true, force: true });
  }
}
