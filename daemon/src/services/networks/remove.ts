import { forbidden } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { faultStep } from '../../lib/fault.js';
import { shortId } from '../../lib/ids.js';
import { StepRecorder } from '../../lib/steps.js';
import type { NetworkRecord } from '../../store/networks.js';
import { isBuiltIn } from './built-in.js';
import { type CreateNetworkDeps, withNetworks } from './create.js';
import { membersOf } from './inspect.js';
import { removeOwnLink } from './link.js';
import { publishNetwork } from './publish.js';

/** @throws EngineError forbidden: there are containers in it, or some that are about to be */
function refuseUsed(deps: Pick<Deps, 'addresses' | 'containers'>, network: NetworkRecord): void {
  const members = membersOf(deps, network.id);
  if (members.length === 0 && !deps.addresses.isUsed(network.id)) return;
  const who = members.map(({ record, place }) => `name:"${record.name}" id:"${shortId(place.id)}"`).join(', ');
  throw forbidden(`error while removing network: network ${network.name} has active endpoints (${who})`);
}

/** Removes a network that no container is in. What is left of it by a daemon that is killed goes at the next start. */
export async function discardNetwork(deps: CreateNetworkDeps, network: NetworkRecord): Promise<void> {
  refuseUsed(deps, network);
  const steps = new StepRecorder(faultStep('TINYDOCKER_FAIL_DAEMON_STEP'));
  steps.run('store', `no network ${network.name}`, () => deps.networks.remove(network.id));
  deps.addresses.forget(network.id);
  try {
    await steps.run(network.driver, `no link of ${network.name}`, () => removeOwnLink(deps, network));
  } catch (error) {
    deps.log.error({ network: network.name, err: error }, 'remove the link of a network');
  }
  publishNetwork(deps, 'destroy', network);
}

/** @throws EngineError not-found, forbidden (built in, in use) */
export function removeNetwork(deps: CreateNetworkDeps, nameOrId: string): Promise<void> {
  return withNetworks(deps, async () => {
    const network = deps.networks.resolve(nameOrId);
    if (isBuiltIn(network)) throw forbidden(`${network.name} is a pre-defined network and cannot be removed`);
    await discardNetwork(deps, network);
  });
}
