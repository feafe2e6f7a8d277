import { BlockList, isIP } from 'node:net';

/** What the daemon's configuration says about registries. */
export interface RegistrySettings {
  /** Hosts (`name:port`) and networks (`10.0.0.0/8`) that may be spoken to without TLS, or with certificates of their own. */
  readonly insecure: readonly string[];
  /** By registry: where to ask before it. URLs. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** Layers of one image that are fetched at a time. */
  readonly downloads: number;
  readonly uploads: number;
  /** How often a layer is tried again without a step forward. */
  readonly attempts: number;
}

/** One way to reach a registry. */
export interface Endpoint {
  /** With a slash at its end; `v2/` follows. */
  readonly base: string;
  /** A mirror is asked first, and nothing is pushed to it. */
  readonly mirror: boolean;
  /** Its certificate need not be signed by anyone. */
  readonly insecure: boolean;
}

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_HOST = 'registry-1.docker.io';

/** Where people have their passwords for a registry: Docker's name of its own one is a URL. */
export const hostOf = (domain: string): string => (domain === DOCKER_HUB ? DOCKER_HUB_HOST : domain);

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const nameOf = (host: string): string => host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Whether a host, with or without its port, is this machine. */
export function isLoopback(host: string): boolean {
  const name = nameOf(host);
  return name === 'localhost' || (isIP(name) > 0 && LOOPBACK.check(name, family(name)));
}

function within(address: string, network: string): boolean {
  const [base = '', bits] = network.split('/');
  if (bits === undefined || isIP(base) === 0 || isIP(base) !== isIP(address)) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family(base));
  return list.check(address, family(address));
}

/** Whether a registry may be spoken to without anyone vouching for it: one on this machine, or a configured one. */
export function isInsecure(host: string, settings: Pick<RegistrySettings, 'insecure'>): boolean {
  const name = nameOf(host);
  return (
    isLoopback(host) ||
    settings.insecure.some((entry) => entry === host || entry === name || (isIP(name) > 0 && within(name, entry)))
  );
}

/** Where to find a registry, best first: its mirrors, itself by TLS, and, of an insecure one, by plain HTTP. */
export function endpointsOf(domain: string, settings: RegistrySettings, options: { mirrors: boolean }): Endpoint[] {
  const mirrors = options.mirrors ? (settings.mirrors[domain] ?? []) : [];
  const host = hostOf(domain);
  const insecure = isInsecure(host, settings);
  return [
    ...mirrors.map((url) => {
      const { host: mirror, href } = new URL(url);
      return { base: href.replace(/\/*$/, '/'), mirror: true, insecure: isInsecure(mirror, settings) };
    }),
    { base: `https://${host}/`, mirror: false, insecure },
    ...(insecure ? [{ base: `http://${host}/`, mirror: false, insecure }] : []),
  ];
}
