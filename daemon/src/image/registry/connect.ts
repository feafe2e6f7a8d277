import { EngineError } from '@tinydocker/shared/errors.js';
import type { Credentials } from './authorization.js';
import { type Endpoint, endpointsOf, type RegistrySettings } from './endpoints.js';
import { Repository } from './repository.js';
import type { Transport } from './transport.js';

/** Who asks, and how registries are reached. */
export interface RegistryAccess {
  readonly settings: RegistrySettings;
  readonly transport: Transport;
  readonly credentials: Credentials;
}

/** Which ways have been found to lead to an insecure registry, so that plain HTTP is not preceded by an attempt at TLS each time. */
const found = new WeakMap<Transport, Map<string, string>>();

/** Whether an error is that of a connection that did not come about. */
const isUnreached = (error: unknown): boolean => error instanceof EngineError && error.kind === 'system';

/** Of the ways to a registry itself the one that it answers on; of one way there is nothing to find out. */
async function reachable(endpoints: readonly Endpoint[], access: RegistryAccess): Promise<Endpoint> {
  const [first] = endpoints;
  if (endpoints.length === 1) return first!;
  const known = found.get(access.transport) ?? new Map<string, string>();
  found.set(access.transport, known);
  const { host } = new URL(first!.base);
  const before = endpoints.find(({ base }) => base === known.get(host));
  const order = before ? [before, ...endpoints.filter((one) => one !== before)] : endpoints;
  let failure: unknown;
  for (const endpoint of order) {
    try {
      await new Repository(endpoint, '', 'pull', {}, access.transport).ping();
      known.set(host, endpoint.base);
      return endpoint;
    } catch (error) {
      failure = error;
      if (!isUnreached(error)) throw error;
    }
  }
  throw failure;
}

/** The registry itself, and nothing before it. @throws EngineError system: it does not answer */
export async function connectRegistry(access: RegistryAccess, domain: string): Promise<Endpoint> {
  return reachable(endpointsOf(domain, access.settings, { mirrors: false }), access);
}

/** A repository to push to. @param from repositories whose blobs may be taken over */
export async function connectForPush(
  access: RegistryAccess,
  domain: string,
  path: string,
  from: readonly string[],
): Promise<Repository> {
  const endpoint = await connectRegistry(access, domain);
  return new Repository(endpoint, path, 'pull,push', access.credentials, access.transport, from);
}

/**
 * Does something with a repository that is only read: with each mirror in turn, and at last with the registry itself, whose
 * failure is the answer. Passwords are the registry's and not shown to mirrors.
 * @throws EngineError
 */
export async function withRepository<T>(
  access: RegistryAccess,
  domain: string,
  path: string,
  use: (repository: Repository) => Promise<T>,
): Promise<T> {
  const mirrors = endpointsOf(domain, access.settings, { mirrors: true }).filter(({ mirror }) => mirror);
  for (const endpoint of mirrors) {
    try {
      return await use(new Repository(endpoint, path, 'pull', {}, access.transport));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error; // the client has gone
    }
  }
  const endpoint = await connectRegistry(access, domain);
  return use(new Repository(endpoint, path, 'pull', access.credentials, access.transport));
}
