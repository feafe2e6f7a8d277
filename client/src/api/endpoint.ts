import { CommandError } from '../errors.js';

export const DEFAULT_HOST = 'unix:///run/tinydocker.sock';

/** The path of the socket that `-H`, else TINYDOCKER_HOST, else the default names. */
export function socketPath(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const host = flag ?? (env.TINYDOCKER_HOST || DEFAULT_HOST);
  if (host.startsWith('unix://')) return host.slice('unix://'.length);
  if (host.startsWith('/')) return host;
  throw new CommandError(`"${host}" is not a socket tdctl can use: give it as unix:///path/to/socket`, 125);
}
