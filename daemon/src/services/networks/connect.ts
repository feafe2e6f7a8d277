import type { NetworkConnectRequest } from '@tinydocker/shared/api/networks.js';
import { EngineError, forbidden, invalid, notFound, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { Endpoint } from '../../lib/endpoint.js';
import { faultStep } from '../../lib/fault.js';
import { StepRecorder } from '../../lib/steps.js';
import { Undo } from '../../lib/undo.js';
import type { Shim } from '../../runtime/shim.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { writeHosts, writeNameServer } from '../containers/engine-files.js';
import { errnoText } from '../containers/failure.js';
import { hasProcess } from '../containers/wait.js';
import { checkEndpoint, readEndpoint } from './endpoint-settings.js';
import { shimInterface } from './interfaces.js';
import { hasNameServer } from './names.js';
import { networkOf, releasePlace, takePlace } from './places.js';
import { publishNetwork } from './publish.js';

export type ConnectDeps = Pick<
  Deps,
  'addresses' | 'config' | 'containers' | 'events' | 'firewall' | 'locks' | 'log' | 'networks' | 'paths' | 'shims'
>;

/** Whether an endpoint is in a network: by the id, or by the name where it has not been looked up yet. */
export const isIn = (endpoint: Endpoint, network: NetworkRecord): boolean =>
  endpoint.networkId === network.id ||
  (endpoint.networkId === '' && (endpoint.network === network.name || endpoint.network === network.id));

/** @throws EngineError invalid, in Docker's words */
function checkMode(deps: ConnectDeps, record: ContainerRecord, network: NetworkRecord): void {
  const mode = record.hostConfig.NetworkMode ?? '';
  if (mode.startsWith('container:') || mode === 'host') {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (network.driver === 'host') {
    throw invalid('cannot connect container to host network - container must be created in host network mode');
  }
  const endpoints = record.endpoints ?? [];
  const isPrivate = endpoints.some((endpoint) => networkOf(deps, endpoint)?.driver === 'null');
  if (isPrivate || (network.driver === 'null' && endpoints.length > 0)) {
    throw invalid('container cannot be connected to multiple networks with one of the networks in private (none) mode');
  }
}

/** What a shim says went wrong, as an error of the engine. */
export function shimError(error: unknown): EngineError {
  const { message, errno } = error as { message: string; errno?: string };
  return new EngineError('system', errno ? `${message}: ${errnoText(errno)}` : message, { cause: error });
}

/**
 * Gives a container a name server that has had none until it came into this network. It stays when the container leaves, as in Docker. Whatever
 * asks has no answer as long as the sockets are missing: they come first.
 */
async function giveNameServer(
  deps: ConnectDeps,
  shim: Shim,
  record: ContainerRecord,
  before: ContainerRecord,
  steps: StepRecorder,
): Promise<void> {
  if (hasNameServer(deps, before) || !hasNameServer(deps, record)) return;
  await steps.run('resolver', record.name, () => shim.resolver());
  const written = steps.run('write', 'resolv.conf', () =>
    writeNameServer(deps, deps.paths.container(record.id), record, before),
  );
  if (!written) deps.log.warn({ container: record.id }, 'resolv.conf has been changed, and stays as it is');
}

/** The interface is made by the container's shim; the place is in the store before it. @throws EngineError */
async function join(
  deps: ConnectDeps,
  record: ContainerRecord,
  network: NetworkRecord,
  endpoint: Endpoint,
): Promise<void> {
  const shim = deps.shims.get(record.id);
  if (!shim) throw new EngineError('system', 'its shim is gone');
  const others = record.endpoints ?? [];
  const place = takePlace(deps, network, endpoint, new Set(others.map(({ place }) => place?.name ?? '')));
  const joined: Endpoint = { ...endpoint, place };
  const steps = new StepRecorder(faultStep('TINYDOCKER_FAIL_DAEMON_STEP'));
  const undo = new Undo();
  undo.push('give back addresses', () => releasePlace(deps, network, place, false));
  try {
    const now = steps.run('store', `place in ${network.name}`, () =>
      deps.containers.setEndpoints(record.id, [...others, joined]),
    );
    undo.push('forget the place', () => void deps.containers.setEndpoints(record.id, others));
    const what = shimInterface(deps, now, joined);
    undo.push('remove the interface', () => shim.disconnect(what));
    await steps.run('connect', `${what.name} on ${what.parent}`, () => shim.connect(what));
    steps.run('write', 'hosts', () => writeHosts(deps, deps.paths.container(record.id), now));
    await giveNameServer(deps, shim, now, record, steps);
  } catch (error) {
    for (const problem of await undo.unwind())
      deps.log.error({ container: record.id, err: problem }, 'undo the connection to a network');
    throw error instanceof EngineError ? error : shimError(error);
  }
  publishNetwork(deps, 'connect', network, record.id);
}

/** Connects a container whose lock the caller holds. */
async function connectLocked(
  deps: ConnectDeps,
  id: string,
  network: NetworkRecord,
  settings: NetworkConnectRequest['EndpointConfig'],
): Promise<void> {
  const record = deps.containers.get(id);
  if (!record) throw notFound(`No such container: ${id}`);
  checkMode(deps, record, network);
  if (record.endpoints?.some((endpoint) => isIn(endpoint, network))) {
    throw forbidden(`endpoint with name ${record.name} already exists in network ${network.name}`);
  }
  checkEndpoint(network, network.name, settings);
  const endpoint: Endpoint = { network: network.name, networkId: network.id, asked: readEndpoint(settings) };
  if (hasProcess(record)) {
    await join(deps, record, network, endpoint).catch((error) => {
      // What Docker says of addresses stands alone.
      throw error instanceof EngineError && error.kind !== 'system'
        ? error
        : within(`connect container "${record.name}"`, error);
    });
  } else deps.containers.setEndpoints(id, [...(record.endpoints ?? []), endpoint]);
}

/**
 * Connects a container to a network, while it runs or before its next start.
 * @throws EngineError not-found (container, network), invalid (settings, modes), forbidden (is in it already; address), system
 */
export async function connectNetwork(
  deps: ConnectDeps,
  nameOrId: string,
  request: NetworkConnectRequest,
): Promise<void> {
  const network = deps.networks.resolve(nameOrId);
  const { id } = deps.containers.resolve(request.Container ?? '');
  await deps.locks.run(id, () => connectLocked(deps, id, network, request.EndpointConfig));
}
