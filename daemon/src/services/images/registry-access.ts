import type { AuthConfig } from '@tinydocker/shared/api/auth.js';
import type { Deps } from '../../deps.js';
import type { Credentials } from '../../image/registry/authorization.js';
import type { RegistryAccess } from '../../image/registry/connect.js';

export type RegistryDeps = Pick<Deps, 'config' | 'registries'>;

/** What a client says of itself, for registries. */
export const credentialsOf = (auth: AuthConfig | undefined): Credentials => ({
  username: auth?.username || undefined,
  password: auth?.password || undefined,
  identityToken: auth?.identitytoken || undefined,
  registryToken: auth?.registrytoken || undefined,
});

/** How registries are reached on behalf of a client. */
export const registryAccess = (deps: RegistryDeps, auth?: AuthConfig): RegistryAccess => ({
  settings: deps.config.registries,
  transport: deps.registries,
  credentials: credentialsOf(auth),
});
