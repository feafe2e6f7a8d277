import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { unavailable, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { StepRecorder } from '../../lib/steps.js';
import type { Undo } from '../../lib/undo.js';
import type { FirewallEndpoint } from '../../network/firewall.js';
import { OPTION } from '../../network/options.js';
import type { PortRequest, PublishedPort } from '../../network/ports.js';
import type { ContainerRecord } from '../../store/containers.js';
import { portKey, portRequests, publishedPorts } from '../containers/ports.js';
import { hasProcess } from '../containers/wait.js';
import { gatewayEndpoint } from './interfaces.js';
import { networkOf } from './places.js';

export type PortDeps = Pick<Deps, 'addresses' | 'config' | 'containers' | 'firewall' | 'log' | 'networks'>;

/** Where the ports of a container lead to: its place in the network that its packets to the world go through. */
export function portPlace(deps: PortDeps, record: ContainerRecord): FirewallEndpoint | undefined {
  const [v4, v6] = ([4, 6] as const).map((family) => {
    const endpoint = gatewayEndpoint(deps, record.endpoints ?? [], family);
    return endpoint && networkOf(deps, endpoint)?.driver === 'bridge' ? endpoint : undefined;
  });
  const networkId = (v4 ?? v6)?.networkId;
  if (networkId === undefined) return undefined;
  const [ipv4, ipv6] = [v4?.place?.ipv4 || undefined, v6?.place?.ipv6 || undefined];
  return { containerId: record.id, name: record.name, networkId, ipv4, ipv6 };
}

/** The address of the host that ports get which name none. */
const defaultHostIp = (deps: PortDeps, { networkId }: FirewallEndpoint): string =>
  deps.networks.get(networkId)?.options[OPTION.hostBinding] || deps.config.network.ip;

/** Docker's words, which clients look into for "port is already allocated". */
function refused(record: ContainerRecord, place: FirewallEndpoint, error: unknown): Error {
  const endpoint = record.endpoints?.find(({ networkId }) => networkId === place.networkId)?.place?.id ?? '';
  const what = `driver failed programming external connectivity on endpoint ${record.name} (${endpoint})`;
  return within('failed to set up container networking', within(what, error));
}

async function publish(
  deps: PortDeps,
  record: ContainerRecord,
  place: FirewallEndpoint,
  requests: readonly PortRequest[],
): Promise<PublishedPort[]> {
  try {
    if (requests.length > 0 && !deps.config.network.iptables) {
      throw unavailable('ports are published by rules, of which this daemon makes none (--iptables=false)');
    }
    return await deps.firewall.publish(place, requests);
  } catch (error) {
    throw refused(record, place, error);
  }
}

const text = (requests: readonly PortRequest[]): string =>
  requests.map(({ hostIp, hostPort, port, protocol }) => `${hostIp}:${hostPort || '*'}:${port}/${protocol}`).join(' ');

/**
 * Publishes the ports of a container that is being started, whose places have been taken. What they became is stored before it runs: a
 * daemon that comes later knows them.
 * @throws EngineError system, naming who has a port
 */
export async function publishPorts(
  deps: PortDeps,
  record: ContainerRecord,
  steps: StepRecorder,
  undo: Undo,
): Promise<void> {
  const place = portPlace(deps, record);
  if (!place) return;
  const requests = portRequests(record.config, record.hostConfig, defaultHostIp(deps, place));
  if (requests.length === 0) return;
  undo.push('withdraw ports', () => withdrawPorts(deps, record));
  const ports = await steps.wait('publish', text(requests), publish(deps, record, place, requests));
  deps.containers.setState(record.id, { published: { networkId: place.networkId, ports } });
}

/** Takes back the ports of a container that has ended, or does not come to run. */
export async function withdrawPorts(deps: PortDeps, record: ContainerRecord): Promise<void> {
  const { id } = record;
  if (deps.containers.get(id)?.state.published) deps.containers.observeState(id, { published: undefined });
  const place = deps.firewall.placeOf(id);
  if (!place) return;
  await deps.firewall
    .withdraw(place)
    .catch((error) => deps.log.error({ container: id, err: error }, 'withdraw published ports'));
}

/**
 * Brings the ports of a container that runs to another host configuration: those that stay are left as they are.
 * @returns what undoes it
 * @throws EngineError system, naming who has a port; then it is as it was
 */
export async function changePorts(deps: PortDeps, record: ContainerRecord, after: HostConfig): Promise<void> {
  const place = portPlace(deps, record);
  if (!place) return;
  const now = publishedPorts(record);
  const wanted = portRequests(record.config, after, defaultHostIp(deps, place));
  const stay = new Set<PublishedPort>();
  const missing = wanted.filter((request) => {
    const found = now.filter((port) => !stay.has(port) && fits(port, request, place));
    for (const port of found) stay.add(port);
    return found.length === 0;
  });
  const gone = now.filter((port) => !stay.has(port));
  if (gone.length > 0) await deps.firewall.withdraw(place, gone);
  try {
    const ports = [...stay, ...(await publish(deps, record, place, missing))];
    deps.containers.setState(record.id, { published: { networkId: place.networkId, ports } });
  } catch (error) {
    await publish(deps, record, place, gone.map(asRequest));
    throw error;
  }
}

const asRequest = (port: PublishedPort): PortRequest => ({ ...port, lastHostPort: port.hostPort });

/** Whether a published port is what a request asks for. */
function fits(published: PublishedPort, request: PortRequest, place: FirewallEndpoint): boolean {
  if (portKey(published) !== portKey(request)) return false;
  const { hostIp } = request;
  const everywhere = [...(place.ipv4 ? ['0.0.0.0'] : []), ...(place.ipv6 ? ['::'] : [])];
  if (hostIp === '' ? !everywhere.includes(published.hostIp) : hostIp !== published.hostIp) return false;
  const { hostPort } = published;
  return request.hostPort === 0 || (hostPort >= request.hostPort && hostPort <= request.lastHostPort);
}

/** After networks of a running container have changed: its ports lead to where its packets to the world go through now. */
export async function movePorts(deps: PortDeps, record: ContainerRecord): Promise<void> {
  const before = deps.firewall.placeOf(record.id);
  const now = portPlace(deps, record);
  const ports = publishedPorts(record);
  if (before?.networkId === now?.networkId && before?.ipv4 === now?.ipv4 && before?.ipv6 === now?.ipv6) return;
  if (before) await deps.firewall.withdraw(before);
  const requests = !now
    ? []
    : ports.length > 0
      ? ports.filter(({ hostIp }) => (hostIp.includes(':') ? now.ipv6 : now.ipv4)).map(asRequest)
      : portRequests(record.config, record.hostConfig, defaultHostIp(deps, now));
  const moved = now ? await publish(deps, record, now, requests) : [];
  deps.containers.setState(record.id, { published: now && { networkId: now.networkId, ports: moved } });
}

/**
 * Brings the packet filter to what runs, when that is known. What is missing in the kernel is no reason to leave the containers alone.
 */
export async function restorePorts(deps: PortDeps): Promise<void> {
  const endpoints = deps.containers.list().flatMap((record) => {
    const place = hasProcess(record) && record.state.published ? portPlace(deps, record) : undefined;
    return place ? [{ endpoint: place, ports: publishedPorts(record) }] : [];
  });
  await deps.firewall.settle(endpoints).catch((error) => deps.log.error({ err: error }, 'set up the firewall'));
}
