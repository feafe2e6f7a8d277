import type { Deps } from '../../deps.js';
import { receiveNameSockets } from '../../kernel/name-sockets.js';
import { closeFd, socketPair } from '../../kernel/socket.js';
import type { Upstream } from '../../network/dns/forwarder.js';
import { type Query, RCODE, TYPE } from '../../network/dns/query.js';
import { emptyReply, reply } from '../../network/dns/reply.js';
import { resolve } from '../../network/dns/resolve.js';
import type { Transport } from '../../network/dns/server.js';
import type { Shim } from '../../runtime/shim.js';
import type { ContainerRecord } from '../../store/containers.js';
import { mayAskOutside, seenNetworks } from './names.js';

type NameServerDeps = Pick<Deps, 'config' | 'containers' | 'log' | 'names' | 'networks'>;

const TCP_BYTES = 65535;

/**
 * Whom to ask for what is not ours. Servers that were given for the container are asked from where it is, so that it reaches nothing by
 * them that it does not reach itself; those of the host from the host, which may have them on its loopback.
 */
function upstreamOf(deps: NameServerDeps, { hostConfig, id }: ContainerRecord): Upstream {
  const given = hostConfig.Dns?.length ? hostConfig.Dns : deps.config.network.dns;
  if (given.length > 0) return { servers: given, beside: deps.names.beside(id) };
  return { servers: deps.names.hostServers.list() };
}

/**
 * A name without a dot, of a container that asked for names to have some (ndots): its resolver is to go on with the domains of its
 * search list, instead of the world being asked for it.
 */
const isForSearchList = ({ hostConfig }: ContainerRecord, { name, type }: Query): boolean =>
  (type === TYPE.A || type === TYPE.AAAA) &&
  !name.includes('.') &&
  (hostConfig.DnsOptions ?? []).some((option) => /^ndots:0*[1-9]/.test(option));

/** What a container is answered. */
function answer(deps: NameServerDeps, id: string, query: Query, by: Transport): Buffer | Promise<Buffer | undefined> {
  const record = deps.containers.get(id);
  if (!record) return emptyReply(query, RCODE.SERVFAIL);
  const known = resolve(seenNetworks(deps, record), query);
  if (known) return reply(query, RCODE.NOERROR, known, by === 'udp' ? query.udpBytes : TCP_BYTES);
  if (isForSearchList(record, query)) return emptyReply(query, RCODE.NOERROR);
  if (!mayAskOutside(deps, record)) return emptyReply(query, RCODE.SERVFAIL);
  return deps.names.forwarder
    .forward(id, query, by, upstreamOf(deps, record))
    .then((found) => found ?? emptyReply(query, RCODE.SERVFAIL));
}

/** The first question of a container waits, or the first after a daemon has gone: from here on its shim's sockets are served. */
export async function serveNames(deps: NameServerDeps, id: string, shim: Shim): Promise<void> {
  const [ours, theirs] = socketPair();
  try {
    await shim.resolver(theirs, () => {
      const sockets = receiveNameSockets(ours);
      if (sockets) deps.names.serve(id, sockets, (query, by) => answer(deps, id, query, by));
    });
  } catch (error) {
    deps.log.warn({ container: id, err: error }, 'take over the name server of a container');
  } finally {
    closeFd(ours);
    closeFd(theirs);
  }
}
