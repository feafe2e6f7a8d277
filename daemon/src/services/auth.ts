import type { AuthConfig, AuthResponse } from '@tinydocker/shared/api/auth.js';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { connectRegistry } from '../image/registry/connect.js';
import { Repository, registryError } from '../image/registry/repository.js';
import { type RegistryDeps, registryAccess } from './images/registry-access.js';

/** Docker Hub, by the names that it is known under. */
const DOCKER_HUB = /^(index\.docker\.io|docker\.io|registry-1\.docker\.io)$/;

/** The registry of an address as people write it. @throws EngineError invalid */
function domainOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  if (host === '' || /[\s@?#\\]/.test(host) || !URL.canParse(`http://${host}/v2/`)) {
    throw invalid(`unable to parse server address: "${address}" is not a host with its port`);
  }
  return DOCKER_HUB.test(host) ? 'docker.io' : host;
}

/**
 * Checks a name and its password with the registry itself, which has the last word.
 * @throws EngineError invalid (no address), unauthorized, system (it does not answer)
 */
export async function logIn(deps: RegistryDeps, auth: AuthConfig): Promise<AuthResponse> {
  const access = registryAccess(deps, auth);
  const endpoint = await connectRegistry(access, domainOf(auth.serveraddress || 'docker.io'));
  const registry = new Repository(endpoint, '', 'pull', access.credentials, access.transport);
  const url = new URL(`${endpoint.base}v2/`);
  const answer = await registry.send(url);
  if (answer.status === 401) {
    await answer.body.dump();
    throw new EngineError('unauthorized', `Get "${url}": unauthorized: incorrect username or password`);
  }
  if (answer.status !== 200) throw await registryError(answer, `Get "${url}"`);
  await answer.body.dump();
  return { Status: 'Login Succeeded', IdentityToken: registry.authorization.identityToken };
}
