import { posix } from 'node:path';
import { within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { prepareParent } from '../../kernel/cgroup.js';
import { helperPath } from '../../kernel/helpers.js';
import type { StepRecorder } from '../../lib/steps.js';
import { makeBundle, type ShimConfig, type ShimLog, writeShimConfig, writeSpec } from '../../runtime/bundle.js';
import { boundingCapabilities } from '../../runtime/capabilities.js';
import { containerCgroup } from '../../runtime/cgroup.js';
import { blockIo, containerDevices } from '../../runtime/devices.js';
import type { OciSpec } from '../../runtime/oci.js';
import type { SeccompFilter } from '../../runtime/seccomp-filters.js';
import { buildSpec } from '../../runtime/spec.js';
import type { ContainerRecord } from '../../store/containers.js';
import { shimInterfaces } from '../networks/interfaces.js';
import { hasNameServer } from '../networks/names.js';
import { confinementOf } from './confinement.js';
import { engineFiles, writeEngineFiles } from './engine-files.js';
import { linkEnv } from './links.js';
import { shimLogOf } from './log-config.js';
import { mountpointsAbove } from './mountpoints.js';
import { type Joined, namesOf } from './shared-namespaces.js';
import { usersOf } from './user-namespace.js';
import { locateMounts } from './volumes.js';

type BundleDeps = Pick<
  Deps,
  'addresses' | 'apparmor' | 'config' | 'containers' | 'layers' | 'networks' | 'paths' | 'shims' | 'users' | 'volumes'
>;

/** The container's cgroup, from the root of every hierarchy. */
export const cgroupOf = (deps: Pick<Deps, 'config'>, record: ContainerRecord): string =>
  containerCgroup(record.id, record.hostConfig.CgroupParent || deps.config.cgroupParent);

/** The directories that the container's root consists of, topmost first. */
export function layerPaths(deps: Pick<Deps, 'layers' | 'paths'>, record: ContainerRecord): string[] {
  const image = record.layers.map((id) => deps.layers.path(id)).reverse();
  return [...mountpointsAbove(deps, image), ...image];
}

/** Names the filter to whoever reads the bundle: linux.seccomp would be most of the document, and read at every start. */
const SECCOMP_ANNOTATION = 'org.tinydocker.seccomp';

function specOf(deps: BundleDeps, record: ContainerRecord, joined: Joined, filter: SeccompFilter | undefined): OciSpec {
  const { hostConfig } = record;
  const secrets = deps.shims.secretEnv.get(record.id);
  const config = {
    ...record.config,
    Env: [...linkEnv(deps, record), ...(record.config.Env ?? []), ...(secrets ?? [])],
  };
  const dir = deps.paths.container(record.id);
  const names = namesOf(deps, record);
  const devices = containerDevices(hostConfig);
  return buildSpec({
    config,
    hostConfig,
    mounts: locateMounts(deps, record),
    root: { lower: layerPaths(deps, record), upper: `${dir}/upper`, work: `${dir}/work` },
    rootfs: `${deps.paths.bundle(record.id)}/rootfs`,
    cgroupPath: cgroupOf(deps, record),
    files: engineFiles(deps.paths.container(names.id)),
    joined: joined.paths,
    shm: joined.shm,
    users: joined.users ?? usersOf(deps, record),
    hostname: names.config.Hostname ?? '',
    init: hostConfig.Init ? helperPath('td-init') : undefined,
    bounding: boundingCapabilities(),
    confinement: confinementOf(deps, record),
    annotations: filter ? { [SECCOMP_ANNOTATION]: filter.source } : {},
    devices: devices.nodes,
    deviceMounts: devices.mounts,
    hostDevices: { rules: devices.rules, blockIo: blockIo(hostConfig) },
  });
}

function loggingOf(deps: BundleDeps, record: ContainerRecord): ShimLog {
  try {
    return shimLogOf(deps, record);
  } catch (error) {
    throw within('failed to initialize logging driver', error);
  }
}

function networkPart(deps: BundleDeps, record: ContainerRecord): ShimConfig['network'] {
  const interfaces = shimInterfaces(deps, record);
  return interfaces.length > 0 ? { interfaces } : undefined;
}

function shimConfigOf(deps: BundleDeps, record: ContainerRecord, filter: SeccompFilter | undefined): ShimConfig {
  const { config, hostConfig } = record;
  return {
    id: record.id,
    user: config.User ?? '',
    groups: hostConfig.GroupAdd ?? [],
    makeCwd: true,
    stdin: { open: config.OpenStdin ?? false, once: config.StdinOnce ?? false },
    log: loggingOf(deps, record),
    seccomp: filter && { program: filter.program, flags: filter.flags },
    network: networkPart(deps, record),
    resolver: hasNameServer(deps, record),
  };
}

/** Makes the place that a shim starts in. */
export function prepareBundle(deps: BundleDeps, record: ContainerRecord, steps: StepRecorder): void {
  const dir = deps.paths.bundle(record.id);
  // Its own, and not the daemon's, which is there; as clean as the path of the cgroup itself.
  const parent = posix.dirname(cgroupOf(deps, record));
  if (record.hostConfig.CgroupParent) steps.run('cgroup', parent, () => prepareParent(parent));
  steps.run('mkdir', dir, () => makeBundle(dir));
}

/** Writes what the shim reads at its first request, one recorded step each. */
export function writeBundle(
  deps: BundleDeps,
  record: ContainerRecord,
  steps: StepRecorder,
  joined: Joined,
  filter: SeccompFilter | undefined,
): void {
  const dir = deps.paths.bundle(record.id);
  steps.run('write', `${dir}/config.json`, () => writeSpec(dir, specOf(deps, record, joined, filter)));
  steps.run('write', `${dir}/shim.json`, () => writeShimConfig(dir, shimConfigOf(deps, record, filter)));
}

/**
 * Writes what is mounted into the container's /etc. To the disk, among what it writes anyway: it may write these files as well, and
 * in the bundle, which is in memory, would take the host's.
 */
export function prepareFiles(deps: BundleDeps, record: ContainerRecord, steps: StepRecorder): void {
  if (namesOf(deps, record) !== record) return; // those of the container in whose network it lives
  const dir = deps.paths.container(record.id);
  steps.run('write', `${dir}/{hostname,hosts,resolv.conf}`, () => writeEngineFiles(deps, dir, record));
}
