import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { SystemError } from '@tinydocker/shared/errors.js';
import type { Config } from './config.js';
import { ConfigError } from './config-file.js';
import { listenFds } from './kernel/notify.js';
import { closeFd, connectUnix, peerCredentials } from './kernel/socket.js';

/** What net.Server.listen takes: a name, or a socket that listens already. */
type Target = { path: string } | { fd: number };

/** The sockets that the daemon listens on. */
export interface Listeners {
  /** For people: unix:///run/tinydocker.sock */
  readonly addresses: string[];
  /** Accepts no one any more and takes the sockets off the disk. */
  close(): void;
}

/**
 * Listens wherever the configuration says and gives the connections to `http`, which is never told to listen by itself: it can
 * listen on one socket only, and these may be many.
 * @throws ConfigError with one sentence for the user
 */
export async function listen(http: HttpServer, config: Config): Promise<Listeners> {
  // What http.Server does when it begins to listen: from here on it keeps track of its connections and their timeouts.
  http.emit('listening');
  const open: { server: Server; address: string; release: () => void }[] = [];
  const close = () => {
    for (const { server, release } of open.splice(0)) {
      server.close();
      release();
    }
  };
  const most = connectionLimit();
  const serve = async (address: string, options: Target, release = () => {}) => {
    const server = createServer({ allowHalfOpen: true, noDelay: false }, (socket) => http.emit('connection', socket));
    server.maxConnections = most;
    await start(server, options);
    open.push({ server, address, release });
  };
  try {
    for (const host of hostsOf(config)) {
      if (typeof host === 'number') await serve(`fd://${host}`, { fd: host });
      else await listenUnix(host, config, (options, release) => serve(`unix://${host}`, options, release));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { addresses: open.map(({ address }) => address), close };
}

/** Half of what this process may have open: the rest is for containers, whatever the number of clients. */
function connectionLimit(): number {
  const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line ? Math.floor(Number(line[1]) / 2) : Number.POSITIVE_INFINITY;
}

/** Paths, and descriptors of sockets from the service manager; where there are such, they replace the default path. */
function hostsOf(config: Config): (string | number)[] {
  const passed = listenFds();
  // They are ours alone: not to be taken up again by what we start.
  delete process.env.LISTEN_PID;
  delete process.env.LISTEN_FDS;
  delete process.env.LISTEN_FDNAMES;
  if (config.defaultHosts && passed.length > 0) return passed;
  return config.hosts.flatMap((host): (string | number)[] => {
    if (host !== 'fd://') return [host.slice('unix://'.length)];
    if (passed.length > 0) return passed;
    throw new ConfigError('fd:// was asked for, but the service manager passed no sockets');
  });
}

function start(server: Server, options: Target): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** sun_path of unix(7), with the end of the string. */
const SUN_PATH = 108;

async function listenUnix(
  path: string,
  config: Config,
  serve: (options: Target, release: () => void) => Promise<void>,
): Promise<void> {
  const gid = groupId(config);
  mkdirSync(dirname(path), { recursive: true });
  removeStale(path);
  // A path too long for a socket address goes through its directory's descriptor, which stays open: libuv removes the
  // socket by that name when it closes it.
  const directory =
    Buffer.byteLength(path) < SUN_PATH
      ? undefined
      : openSync(dirname(path), constants.O_DIRECTORY | constants.O_RDONLY);
  const name = directory === undefined ? path : `/proc/self/fd/${directory}/${basename(path)}`;
  // Nobody else may connect in the moment before the group is set.
  const umask = process.umask(0o177);
  try {
    await serve({ path: name }, () => {
      if (directory !== undefined) closeSync(directory);
    });
  } catch (error) {
    throw new ConfigError(`cannot listen on ${path}: ${(error as Error).message}`);
  } finally {
    process.umask(umask);
  }
  chownSync(path, process.getuid!(), gid);
  chmodSync(path, 0o660);
}

/** Removes a socket that nobody listens on any more. */
function removeStale(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket()) throw new ConfigError(`cannot listen on ${path}: it exists and is not a socket`);
  try {
    const fd = connectUnix(path);
    const { pid } = peerCredentials(fd);
    closeFd(fd);
    throw new ConfigError(`cannot listen on ${path}: process ${pid} already does`);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
    else throw new ConfigError(`cannot listen on ${path}: ${error.message}`);
  }
}

/** The group of the socket. The default one is optional; one that was asked for must be there. */
function groupId(config: Config): number {
  if (/^\d+$/.test(config.group)) return Number(config.group);
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [name, , gid] = line.split(':');
    if (name === config.group) return Number(gid);
  }
  if (config.defaultGroup) return 0;
  throw new ConfigError(`there is no group ${config.group}: make it with "groupadd ${config.group}" or choose another`);
}
