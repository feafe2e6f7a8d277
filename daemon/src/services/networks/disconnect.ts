import type { NetworkDisconnectRequest } from '@tinydocker/shared/api/networks.js';
import { EngineError, invalid, notFound, within } from '@tinydocker/shared/errors.js';
import type { Endpoint } from '../../lib/endpoint.js';
import { faultStep } from '../../lib/fault.js';
import { StepRecorder } from '../../lib/steps.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { writeHosts } from '../containers/engine-files.js';
import { hasProcess } from '../containers/wait.js';
import { type ConnectDeps, isIn, shimError } from './connect.js';
import { gatewayEndpoint, shimInterface } from './interfaces.js';
import { hasInterfaces, releasePlace } from './places.js';
import { movePorts } from './ports.js';
import { publishNetwork } from './publish.js';

/** The default routes that went with the interface are those of the next network in order. */
async function reroute(deps: ConnectDeps, record: ContainerRecord, before: readonly Endpoint[]): Promise<void> {
  const shim = deps.shims.get(record.id);
  const now = record.endpoints ?? [];
  const heirs = new Set<Endpoint>();
  for (const family of [4, 6] as const) {
    const heir = gatewayEndpoint(deps, now, family);
    if (heir && gatewayEndpoint(deps, before, family) !== heir) heirs.add(heir);
  }
  for (const heir of heirs) {
    await shim
      ?.route(shimInterface(deps, record, heir))
      .catch((error) => deps.log.error({ container: record.id, err: error }, 'set the default route of a container'));
  }
}

async function leave(
  deps: ConnectDeps,
  record: ContainerRecord,
  network: NetworkRecord,
  endpoint: Endpoint,
): Promise<void> {
  const before = record.endpoints ?? [];
  const place = endpoint.place!;
  const shim = deps.shims.get(record.id);
  if (!shim) throw new EngineError('system', 'its shim is gone');
  const steps = new StepRecorder(faultStep('TINYDOCKER_FAIL_DAEMON_STEP'));
  if (hasInterfaces(network)) {
    const what = shimInterface(deps, record, endpoint);
    await steps
      .run('disconnect', `${what.name} from ${what.parent}`, () => shim.disconnect(what))
      .catch((error) => {
        throw shimError(error);
      });
  }
  const now = steps.run('store', `no place in ${network.name}`, () =>
    deps.containers.setEndpoints(
      record.id,
      before.filter((each) => each !== endpoint),
    ),
  );
  // Before the address can be another's, who would get what comes to the ports.
  await movePorts(deps, now).catch((error) =>
    deps.log.error({ container: record.id, err: error }, 'move the published ports of a container'),
  );
  releasePlace(deps, network, place, false);
  steps.run('write', 'hosts', () => writeHosts(deps, deps.paths.container(record.id), now));
  publishNetwork(deps, 'disconnect', network, record.id);
  await reroute(deps, now, before);
}

/** Whether it is an endpoint of a network that is no longer there and had this name when the container was given it. */
const isOfGone = (deps: ConnectDeps, { network, networkId }: Endpoint, name: string): boolean =>
  network === name && !deps.networks.get(networkId);

/**
 * Takes a network that is no longer there out of a container: one of the name under which the container was given it.
 * @throws EngineError not-found (container), system (it is not in it)
 */
function forgetNetwork(deps: ConnectDeps, id: string, name: string): void {
  const record = deps.containers.get(id);
  if (!record) throw notFound(`No such container: ${id}`);
  const endpoints = record.endpoints ?? [];
  const kept = endpoints.filter((endpoint) => !isOfGone(deps, endpoint, name));
  if (kept.length === endpoints.length)
    throw new EngineError('system', `container ${id} is not connected to the network ${name}`);
  deps.containers.setEndpoints(id, kept);
}

/** The container. Where there is none Docker looks for what it has left in the network; here nothing stays behind a container. */
function resolveOrEndpoint(deps: ConnectDeps, container: string, network: string): ContainerRecord {
  try {
    return deps.containers.resolve(container);
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'not-found') throw error;
    deps.networks.resolve(network);
    throw notFound(`endpoint ${container} not found`);
  }
}

async function disconnectLocked(deps: ConnectDeps, id: string, network: NetworkRecord): Promise<void> {
  const record = deps.containers.get(id);
  if (!record) throw notFound(`No such container: ${id}`);
  const endpoint = record.endpoints?.find((each) => isIn(each, network));
  if (!endpoint) {
    // Another of this name may have been there before, which is what is meant then.
    if (!hasProcess(record) && record.endpoints?.some((each) => isOfGone(deps, each, network.name)))
      return forgetNetwork(deps, id, network.name);
    throw new EngineError('system', `container ${id} is not connected to network ${network.name}`);
  }
  if (network.driver === 'host' && hasProcess(record)) {
    throw invalid('cannot disconnect container from host network - container was created in host network mode');
  }
  if (hasProcess(record) && endpoint.place) {
    await leave(deps, record, network, endpoint).catch((error) => {
      throw within(`disconnect container "${record.name}"`, error);
    });
  } else
    deps.containers.setEndpoints(
      id,
      (record.endpoints ?? []).filter((each) => each !== endpoint),
    );
}

/**
 * Takes a container out of a network, while it runs or for its next start. One that does not run is taken out of a network that is
 * gone as well; with `Force` also one that runs. `Force` changes nothing else: an interface that the shim cannot remove keeps its
 * address, which would be another's otherwise.
 * @throws EngineError not-found (container, network), system (it is not in it)
 */
export async function disconnectNetwork(
  deps: ConnectDeps,
  nameOrId: string,
  request: NetworkDisconnectRequest,
): Promise<void> {
  const { Container: container = '', Force: force } = request;
  const { id } = force ? resolveOrEndpoint(deps, container, nameOrId) : deps.containers.resolve(container);
  await deps.locks.run(id, async () => {
    const network = deps.networks.find(nameOrId);
    if (network) return disconnectLocked(deps, id, network);
    const record = deps.containers.get(id);
    if (!force && record && hasProcess(record)) throw notFound(`network ${nameOrId} not found`);
    forgetNetwork(deps, id, nameOrId);
  });
}
