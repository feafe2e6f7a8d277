import type { AuthConfig } from '@tinydocker/shared/api/auth.js';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';

/** What a build is asked for. */
export interface BuildOptions {
  /** Names for the result. */
  readonly tags: readonly string[];
  /** Where the Dockerfile is in the context; '' for "Dockerfile". */
  readonly dockerfile: string;
  /** An address that the context comes from; '' where it is the body. */
  readonly remote: string;
  readonly noCache: boolean;
  /** Images whose steps may be used again. */
  readonly cacheFrom: readonly string[];
  readonly pull: boolean;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string;
  readonly platform: string;
  /** Limits, network, hosts: what every command of the build is run with. */
  readonly hostConfig: HostConfig;
  /** Who the client is at registries, by their names. */
  readonly auths: ReadonlyMap<string, AuthConfig>;
  /** By id. Never stored. */
  readonly secrets: ReadonlyMap<string, Buffer>;
  /** Sockets of agents on this machine, by id. */
  readonly agents: ReadonlyMap<string, string>;
}
