import net from 'node:net';
import type { NetworkTrace, TracedPort, TraceStep } from '@tinydocker/shared/api/network-trace.js';
import type { Deps } from '../../deps.js';
import { interfaceCounters, listeners, localAddresses } from '../../kernel/netns-files.js';
import { baseChains, droppingRules } from '../../kernel/nft-chains.js';
import { readSysctl } from '../../kernel/sysctl.js';
import type { FirewallEndpoint } from '../../network/firewall.js';
import { addressBytes } from '../../network/ip-bytes.js';
import type { PublishedPort } from '../../network/ports.js';
import type { ContainerRecord } from '../../store/containers.js';
import { parsePort, portKey, publishedPorts } from '../containers/ports.js';
import { hasProcess } from '../containers/wait.js';
import { bridgeName } from './bridge.js';
import { type PortDeps, portPlace } from './ports.js';
import {
  endOf,
  fail,
  foreignSteps,
  hostAddressStep,
  interfaceStep,
  listenerStep,
  ok,
  probeStep,
  unsure,
} from './trace-steps.js';

type TraceDeps = PortDeps & Pick<Deps, 'config'>;
type Found = ReturnType<typeof parsePort>;

/** ms that a connection from the host is given. */
const PROBE_TIMEOUT = 1000;

/** An address in the form in which the kernel's lists have it. */
const listed = (address: string): string => (address.includes(':') ? addressBytes(address).toString('hex') : address);

/** From the process in the container towards the host. */
function insideSteps(
  deps: TraceDeps,
  record: ContainerRecord,
  place: FirewallEndpoint,
  port: Found,
  address: string,
): TraceStep[] {
  const { pid } = record.state;
  const network = deps.networks.get(place.networkId);
  const endpoint = record.endpoints?.find(({ networkId }) => networkId === place.networkId);
  const steps: TraceStep[] = [];
  if (port.protocol === 'sctp') steps.push(unsure('listener', 'who listens by SCTP is not known'));
  else steps.push(listenerStep(listeners(pid, port.protocol), port.port, port.protocol, address));
  steps.push(
    localAddresses(pid).has(listed(address))
      ? ok('address', `${address} on ${endpoint?.place?.name ?? 'an interface'} of the container`)
      : fail('address', `the container has lost its address ${address}`),
  );
  if (endpoint?.place?.host)
    steps.push(interfaceStep(endpoint.place.host, 'link', interfaceCounters('self').get(endpoint.place.host)));
  if (network) {
    const bridge = bridgeName(network);
    steps.push(interfaceStep(bridge, 'bridge', interfaceCounters('self').get(bridge)));
    if (network.internal) steps.push(fail('network', `${network.name} is internal: nothing comes in from outside`));
  }
  return steps;
}

/** What of the engine's own leads a packet to the container. */
async function ruleSteps(deps: TraceDeps, place: FirewallEndpoint, published: PublishedPort): Promise<TraceStep[]> {
  const six = published.hostIp.includes(':');
  const backend = deps.firewall.backend;
  const leads = await deps.firewall.leads(place, published);
  const forwarding = readSysctl(six ? 'net/ipv6/conf/all/forwarding' : 'net/ipv4/ip_forward');
  return [
    forwarding === '1'
      ? ok('forwarding', `the host forwards IPv${six ? 6 : 4}`)
      : fail(
          'forwarding',
          `the host does not forward IPv${six ? 6 : 4}: set ${six ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward'} to 1`,
        ),
    leads
      ? ok('rule', `${backend} leads it to the container`)
      : fail(
          'rule',
          backend === 'none'
            ? 'the firewall is switched off (--iptables=false)'
            : `${backend} does not have the port: who took it away is in the daemon's log`,
        ),
  ];
}

function othersSteps(deps: TraceDeps, published: PublishedPort): TraceStep[] {
  const family = published.hostIp.includes(':') ? 'ip6' : 'ip';
  try {
    return foreignSteps(deps.config.instance, family, baseChains(), droppingRules());
  } catch (error) {
    return [unsure('other firewalls', `they cannot be read: ${(error as Error).message}`)];
  }
}

/** Connects to a published port from the host itself, as any program there would. */
function connect(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port });
    const finish = (result: string) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(PROBE_TIMEOUT, () => finish('timeout'));
    socket.on('connect', () => finish('connected'));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ECONNREFUSED' ? 'refused' : (error.code ?? 'failed')),
    );
  });
}

async function probe({ hostIp, hostPort, protocol }: PublishedPort): Promise<TraceStep[]> {
  if (protocol !== 'tcp') return [];
  // Of IPv6 there is no address that every host has and that packets are led on from.
  if (hostIp === '::') return [];
  const address = hostIp === '0.0.0.0' ? '127.0.0.1' : hostIp;
  const at = address.includes(':') ? `[${address}]:${hostPort}` : `${address}:${hostPort}`;
  return [probeStep(at, await connect(address, hostPort))];
}

async function tracePort(
  deps: TraceDeps,
  record: ContainerRecord,
  port: Found,
  published: PublishedPort | undefined,
): Promise<TracedPort> {
  const place = portPlace(deps, record);
  const address = published?.hostIp.includes(':') ? place?.ipv6 : place?.ipv4;
  const steps: TraceStep[] = [];
  if (!hasProcess(record)) steps.push(fail('container', `${record.name} does not run: it is ${record.state.status}`));
  else if (!place || !address)
    steps.push(fail('network', `${record.name} is in no network that ports can be published of`));
  else {
    steps.push(ok('container', `${record.name} runs, process ${record.state.pid}`));
    steps.push(...insideSteps(deps, record, place, port, address));
    if (!published) steps.push(fail('published', `port ${portKey(port)} is not published: see tdctl update -p`));
    else {
      const local = localAddresses('self').has(listed(published.hostIp));
      steps.push(...(await ruleSteps(deps, place, published)), hostAddressStep(published, local));
      steps.push(...othersSteps(deps, published), ...(await probe(published)));
    }
  }
  const at = published ? (published.hostIp.includes(':') ? `[${published.hostIp}]` : published.hostIp) : '';
  return {
    Port: portKey(port),
    Published: published ? `${at}:${published.hostPort}` : '',
    Steps: steps,
    EndsAt: endOf(steps),
  };
}

/**
 * Walks the way of a packet to the published ports of a container, or to one of its ports, and says where it ends.
 * @throws EngineError not-found, invalid (port)
 */
export async function traceNetwork(deps: TraceDeps, nameOrId: string, text: string | undefined): Promise<NetworkTrace> {
  const record = deps.containers.resolve(nameOrId);
  const asked = text === undefined ? undefined : parsePort(text);
  const published = hasProcess(record) ? publishedPorts(record) : [];
  const chosen = published.filter((port) => !asked || portKey(port) === portKey(asked));
  const ports: TracedPort[] = [];
  for (const port of chosen) ports.push(await tracePort(deps, record, port, port));
  if (asked && chosen.length === 0) ports.push(await tracePort(deps, record, asked, undefined));
  return { Id: record.id, Name: record.name, Ports: ports };
}
