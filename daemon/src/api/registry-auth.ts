import { AuthConfig } from '@tinydocker/shared/api/auth.js';
import type { FastifyRequest } from 'fastify';
import Value from 'typebox/value';

/**
 * Who a client says it is at a registry: the X-Registry-Auth header, JSON in base64url. One that cannot be read counts as none, as with
 * dockerd: old clients send what they like where they have no password.
 */
export function registryAuth(request: Pick<FastifyRequest, 'headers'>): AuthConfig | undefined {
  const header = request.headers['x-registry-auth'];
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    const auth: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    return Value.Check(AuthConfig, auth) ? auth : undefined;
  } catch {
    return undefined;
  }
}
