import { isIP } from 'node:net';
import { Failure } from '../../errors.js';

export interface PortBinding {
  HostIp: string;
  HostPort: string;
}

/** What `-p` says: ports by the names of the API, and where they are to be published. */
export interface PublishOptions {
  exposed: Record<string, Record<string, never>>;
  bindings: Record<string, PortBinding[]>;
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'];

/** `target=80,published=8080,protocol=tcp` as the short form says it. */
function shortForm(value: string): string {
  if (!value.includes('=')) return value;
  const given: Record<string, string> = {};
  for (const part of value.split(',')) {
    const [name = '', text] = part.split('=', 2);
    if (text === undefined || text === '')
      throw new Failure(`invalid publish opts format (should be name=value but got '${part}')`, 125);
    given[name] = text;
  }
  return `${given.published ?? ''}:${given.target ?? ''}/${given.protocol ?? 'tcp'}`;
}

/** `80`, `8000-8010`; undefined where it is none. */
function range(text: string): [number, number] | undefined {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return from !== undefined && last <= 65535 && first <= last ? [first, last] : undefined;
}

/** [address:][port of the host:]port of the container */
function split(text: string): { ip: string; host: string; container: string } {
  const [, bracketed, rest = text] = /^\[([^\]]*)\]:(.*)$/.exec(text) ?? [];
  const words = rest.split(':');
  const container = words.pop()!;
  const host = words.pop() ?? '';
  return { ip: bracketed ?? words.join(':'), host, container };
}

function parseOne(value: string, options: PublishOptions): void {
  const fail = (what: string) => new Failure(what, 125);
  const [address = '', protocol = 'tcp', ...more] = shortForm(value).split('/');
  const { ip, host, container } = split(address);
  if (ip !== '' && isIP(ip) === 0) throw fail(`Invalid ip address: ${ip}`);
  if (container === '') throw fail(`No port specified: ${value}<empty>`);
  const inside = range(container);
  if (!inside || inside[0] === 0) throw fail(`Invalid containerPort: ${container}`);
  const outside = host === '' ? undefined : range(host);
  if (host !== '' && !outside) throw fail(`Invalid hostPort: ${host}`);
  const proto = protocol.toLowerCase();
  if (more.length > 0 || !PROTOCOLS.includes(proto)) throw fail(`Invalid proto: ${protocol}`);
  const count = inside[1] - inside[0];
  const several = outside !== undefined && outside[1] !== outside[0];
  if (outside && outside[1] - outside[0] !== count && count > 0) {
    throw fail(`Invalid ranges specified for container and host Ports: ${container} and ${host}`);
  }
  for (let i = 0; i <= count; i++) {
    const key = `${inside[0] + i}/${proto}`;
    // One port of the container and several of the host: the first of them that is free.
    const hostPort = !outside ? '' : count === 0 && several ? host : String(outside[0] + i);
    options.exposed[key] = {};
    options.bindings[key] = [...(options.bindings[key] ?? []), { HostIp: ip, HostPort: hostPort }];
  }
}

/** Reads the values of `-p`. @throws Failure in Docker's words */
export function parsePublish(values: readonly string[]): PublishOptions {
  const options: PublishOptions = { exposed: {}, bindings: {} };
  for (const value of values) parseOne(value, options);
  return options;
}
