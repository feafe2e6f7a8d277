import type { IdMapping } from '../lib/id-map.js';

/** The parts of the OCI runtime specification (1.2) that the engine writes. */
export interface OciSpec {
  ociVersion: string;
  process: OciProcess;
  root: { path: string; readonly: boolean };
  hostname?: string;
  domainname?: string;
  mounts: OciMount[];
  annotations?: Record<string, string>;
  linux: OciLinux;
}

export interface OciProcess {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; umask?: number };
  args: string[];
  env: string[];
  cwd: string;
  capabilities: Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>;
  rlimits?: { type: string; soft: number; hard: number }[];
  noNewPrivileges: boolean;
  apparmorProfile?: string;
  oomScoreAdj?: number;
}

export interface OciMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
  uidMappings?: readonly IdMapping[];
  gidMappings?: readonly IdMapping[];
}

export interface OciDevice {
  path: string;
  type: 'c' | 'b' | 'p';
  major: number;
  minor: number;
  fileMode: number;
  uid: number;
  gid: number;
}

export interface OciLinux {
  namespaces: { type: string; path?: string }[];
  /** Of the user namespace, where there is one. */
  uidMappings?: readonly IdMapping[];
  gidMappings?: readonly IdMapping[];
  cgroupsPath: string;
  resources: OciResources;
  devices?: OciDevice[];
  sysctl?: Record<string, string>;
  maskedPaths: string[];
  readonlyPaths: string[];
}

/** A rule for devices: the last one that fits an access decides. Without numbers it is about all of its type. */
export interface OciDeviceRule {
  allow: boolean;
  type?: 'a' | 'b' | 'c';
  major?: number;
  minor?: number;
  access: string;
}

export interface OciThrottle {
  major: number;
  minor: number;
  rate: number;
}

export interface OciBlockIo {
  weight?: number;
  weightDevice?: { major: number; minor: number; weight: number }[];
  throttleReadBpsDevice?: OciThrottle[];
  throttleWriteBpsDevice?: OciThrottle[];
  throttleReadIOPSDevice?: OciThrottle[];
  throttleWriteIOPSDevice?: OciThrottle[];
}

export interface OciResources {
  memory?: {
    limit?: number;
    reservation?: number;
    swap?: number;
    swappiness?: number;
    kernelTCP?: number;
    disableOOMKiller?: boolean;
  };
  cpu?: {
    shares?: number;
    quota?: number;
    period?: number;
    realtimePeriod?: number;
    realtimeRuntime?: number;
    cpus?: string;
    mems?: string;
  };
  pids?: { limit: number };
  blockIO?: OciBlockIo;
  devices?: OciDeviceRule[];
}
