import { AuthConfig } from '@tinydocker/shared/api/auth.js';
import type { FastifyRequest } from 'fastify';
import { checkSchema } from '../lib/schema.js';

const isAuthConfig = (value: unknown): value is AuthConfig => checkSchema(AuthConfig, value) === undefined;

/**
 * Who a client says it is at a registry: the X-Registry-Auth header, JSON in base64url. One that cannot be read counts as none, as with
 * dockerd: old clients send what they like where they have no password.
 */
export function registryAuth(request: Pick<FastifyRequest, 'headers'>): AuthConfig | undefined {
  const header = request.headers['x-registry-auth'];
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    const auth: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    return isAuthConfig(auth) ? auth : undefined;
  } catch {
    return undefined;
  }
}

/** The same for several registries, by their names: the X-Registry-Config header of a build. */
export function registryConfig(request: Pick<FastifyRequest, 'headers'>): Map<string, AuthConfig> {
  const header = request.headers['x-registry-config'];
  const auths = new Map<string, AuthConfig>();
  if (typeof header !== 'string' || header === '') return auths;
  try {
    const all: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    if (typeof all !== 'object' || all === null) return auths;
    for (const [name, auth] of Object.entries(all)) {
      // Docker Hub goes by the address of its first version.
      const domain =
        name === 'https://index.docker.io/v1/' ? 'docker.io' : name.replace(/^https?:\/\//, '').split('/')[0]!;
      if (isAuthConfig(auth)) auths.set(domain, auth);
    }
  } catch {}
  return auths;
}
