import type { NetworkCreateRequest, NetworkCreateResponse } from '@tinydocker/shared/api/networks.js';
import { conflict, forbidden, invalid, notFound, notImplemented } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { hasIPv6 } from '../../kernel/network.js';
import { timestamp } from '../../lib/clock.js';
import { faultStep } from '../../lib/fault.js';
import { newId } from '../../lib/ids.js';
import { StepRecorder } from '../../lib/steps.js';
import { booleanOption, checkBridgeOptions, checkChildOptions, OPTION } from '../../network/options.js';
import { isChildKind } from '../../network/parent.js';
import type { NetworkRecord } from '../../store/networks.js';
import { isReserved } from './built-in.js';
import { settleIpam } from './ipam.js';
import { ensureLink, removeOwnLink } from './link.js';
import { checkParent } from './parent.js';
import { publishNetwork } from './publish.js';

export type CreateNetworkDeps = Pick<
  Deps,
  'addresses' | 'config' | 'containers' | 'events' | 'firewall' | 'locks' | 'log' | 'networks'
>;

/** One network comes into being at a time: names and subnets are theirs alone. */
export const withNetworks = <T>(deps: Pick<Deps, 'locks'>, work: () => Promise<T>): Promise<T> =>
  deps.locks.run('networks', work);

function checkKind(request: NetworkCreateRequest): void {
  const { Driver: driver = 'bridge', Name: name = '' } = request;
  if (name === '') throw invalid('invalid name: name is empty');
  if (isReserved(name)) throw forbidden(`operation is not permitted on predefined ${name} network `);
  if (request.Ingress) throw forbidden('Ingress network can only be global scope network');
  if (request.Scope === 'swarm' || request.Scope === 'global')
    throw forbidden('cannot create a swarm scoped network when swarm is not active');
  if (request.ConfigOnly || request.ConfigFrom?.Network)
    throw notImplemented(
      'this engine does not offer networks that are a configuration for others (ConfigOnly, ConfigFrom)',
    );
  if (driver === 'host' || driver === 'null') throw forbidden(`only one instance of "${driver}" network is allowed`);
  if (driver === 'overlay') throw forbidden('this engine is no swarm manager: it has no overlay networks');
  if (driver && driver !== 'bridge' && !isChildKind(driver))
    throw notFound(`plugin ${JSON.stringify(driver)} not found`);
}

/** The network that a request describes, with addresses; nothing is made yet. @throws EngineError */
function plan(deps: CreateNetworkDeps, request: NetworkCreateRequest): NetworkRecord {
  const driver = request.Driver || 'bridge';
  const options = { ...deps.config.network.options[driver], ...request.Options };
  if (isChildKind(driver)) checkChildOptions(driver, options);
  else checkBridgeOptions(options);
  const ipv4 = request.EnableIPv4 ?? booleanOption(options, OPTION.ipv4, true);
  const ipv6 = request.EnableIPv6 ?? booleanOption(options, OPTION.ipv6, false);
  if (!ipv4 && !ipv6) throw invalid('IPv4 or IPv6 must be enabled');
  if (ipv6 && !hasIPv6()) throw invalid('IPv6 cannot be enabled: this kernel does not have it');
  const bridge = options[OPTION.name];
  return {
    id: newId(),
    name: request.Name ?? '',
    createdAt: timestamp(),
    driver,
    ipv4,
    ipv6,
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    ipam: {
      driver: request.IPAM?.Driver || 'default',
      options: request.IPAM?.Options ?? null,
      config: settleIpam(deps, request.IPAM, { ipv4, ipv6, shared: isChildKind(driver), ...(bridge && { bridge }) }),
    },
    options,
    labels: request.Labels ?? {},
  };
}

function refuseTaken(deps: CreateNetworkDeps, name: string, bridge: string | undefined): void {
  if (deps.networks.byName(name)) throw conflict(`network with name ${name} already exists`);
  const other = bridge && deps.networks.list().find(({ options }) => options[OPTION.name] === bridge);
  if (other) throw forbidden(`conflicts with network ${other.id} (${other.name}): networks have same bridge name`);
}

/**
 * Makes a network. Its row comes last: what a daemon that is killed leaves of it is a link without a network, which the next one
 * removes.
 * @throws EngineError invalid, conflict (name), forbidden (addresses), not-found (driver), system
 */
export function createNetwork(deps: CreateNetworkDeps, request: NetworkCreateRequest): Promise<NetworkCreateResponse> {
  checkKind(request);
  return withNetworks(deps, async () => {
    refuseTaken(deps, request.Name ?? '', request.Options?.[OPTION.name]);
    const network = plan(deps, request);
    checkParent(deps, network);
    const steps = new StepRecorder(faultStep('TINYDOCKER_FAIL_DAEMON_STEP'));
    try {
      await steps.run(network.driver, network.name, () => ensureLink(deps, network));
      steps.run('store', network.name, () => deps.networks.insert(network));
    } catch (error) {
      await removeOwnLink(deps, network).catch((problem) =>
        deps.log.error({ err: problem }, 'undo the creation of a network'),
      );
      throw error;
    }
    publishNetwork(deps, 'create', network);
    return { Id: network.id, Warning: '' };
  });
}
