import type { ContainerInspectResponse, ContainerState } from '@tinydocker/shared/api/containers.js';
import type { Deps } from '../../deps.js';
import { ZERO_TIME } from '../../lib/clock.js';
import { processArgs } from '../../runtime/spec-process.js';
import type { ContainerRecord } from '../../store/containers.js';
import { networkSettings } from '../networks/settings.js';
import { layerPaths } from './bundle.js';
import { appArmorProfile } from './confinement.js';
import { engineFiles } from './engine-files.js';
import { shownLinks } from './links.js';
import { logPathOf } from './log-config.js';
import { mountPoints } from './mount-points.js';
import { namesOf } from './shared-namespaces.js';
import { containerSize } from './size.js';
import { isRunning } from './wait.js';

type InspectDeps = Pick<
  Deps,
  'addresses' | 'apparmor' | 'config' | 'containers' | 'images' | 'layers' | 'networks' | 'paths' | 'shims'
>;

function stateOf(record: ContainerRecord): ContainerState {
  const { state } = record;
  return {
    Status: state.status,
    Running: isRunning(record),
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health && { Health: state.health }),
  };
}

/** Its directories, under the names that tools know from Docker's overlay2. Nothing is mounted at MergedDir on the host. */
function graphDriver(deps: InspectDeps, record: ContainerRecord): ContainerInspectResponse['GraphDriver'] {
  const dir = deps.paths.container(record.id);
  return {
    Name: 'overlay2',
    Data: {
      ID: record.id,
      LowerDir: layerPaths(deps, record).join(':'),
      MergedDir: `${deps.paths.bundle(record.id)}/rootfs`,
      UpperDir: `${dir}/upper`,
      WorkDir: `${dir}/work`,
    },
  };
}

/** Everything known of a container, with `size` also how much room it takes. Takes no lock. @throws EngineError not-found */
export async function inspectContainer(
  deps: InspectDeps,
  nameOrId: string,
  options: { size?: boolean } = {},
): Promise<ContainerInspectResponse> {
  const record = deps.containers.resolve(nameOrId);
  const { config, hostConfig, id } = record;
  const [path = '', ...args] = processArgs(config);
  const files = engineFiles(deps.paths.container(namesOf(deps, record).id));
  const wasStarted = record.state.startedAt !== ZERO_TIME;
  const execs = deps.shims.execs.of(id).filter((exec) => exec.exitCode === null);
  return {
    Id: id,
    Created: record.createdAt,
    Path: path,
    Args: args,
    State: stateOf(record),
    Image: record.imageId,
    ResolvConfPath: wasStarted ? files.resolvConf : '',
    HostnamePath: wasStarted ? files.hostname : '',
    HostsPath: wasStarted ? files.hosts : '',
    LogPath: wasStarted ? logPathOf(deps, record) : '',
    Name: `/${record.name}`,
    RestartCount: record.state.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: appArmorProfile(deps, hostConfig),
    ExecIDs: execs.length ? execs.map((exec) => exec.id) : null,
    HostConfig: { ...hostConfig, Links: shownLinks(deps, record) },
    GraphDriver: graphDriver(deps, record),
    ...(options.size && (await containerSize(deps, record))),
    Mounts: mountPoints(deps, record),
    Config: config,
    NetworkSettings: networkSettings(deps, record),
  };
}
