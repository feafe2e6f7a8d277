import { ConnectionError } from './errors.js';

export const DEFAULT_SOCKET = '/run/tinydocker.sock';

/** Where the daemon listens. */
export interface Host {
  /** As people write it: `unix:///run/tinydocker.sock`. */
  url: string;
  path: string;
}

/**
 * The socket to use: the flag, then TINYDOCKER_HOST, then the default. DOCKER_HOST is not looked at: it names another engine.
 * @throws ConnectionError for anything but a Unix socket
 */
export function chooseHost(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): Host {
  const given = flag || env.TINYDOCKER_HOST || `unix://${DEFAULT_SOCKET}`;
  const path = given.startsWith('unix://') ? given.slice('unix://'.length) : given;
  if (!path.startsWith('/')) {
    throw new ConnectionError(
      `tdctl speaks to Unix sockets only, and "${given}" is none: write -H unix:///path/to/socket`,
    );
  }
  return { url: `unix://${path}`, path };
}
