import { existsSync } from 'node:fs';
import type { SystemError } from '@tinydocker/shared/errors.js';
import { checked, native } from './native.js';

/*
 * Links, addresses and routes of the network namespace that the daemon is in. What belongs to a container is made by its shim.
 */

export interface HostLink {
  readonly index: number;
  readonly name: string;
  /** bridge, veth, dummy...; '' for hardware. */
  readonly kind: string;
  /** Index of what it is a port of, 0 for none. */
  readonly master: number;
  readonly up: boolean;
  readonly mac: string;
  readonly mtu: number;
  readonly alias: string;
}

export interface HostNetwork {
  readonly links: readonly HostLink[];
  /** 192.0.2.1/24 by the index of the link. */
  readonly addresses: readonly { readonly index: number; readonly cidr: string }[];
  /** Of the main table, without default routes. */
  readonly routes: readonly { readonly index: number; readonly cidr: string }[];
}

const SIZE = 64 * 1024;
const SIZE_MAX = 64 * 1024 * 1024;

function dump(size: number): string {
  const buffer = Buffer.alloc(size);
  const length = Number(native.networkDump(buffer, size));
  try {
    return buffer.toString('utf8', 0, checked(length, 'netlink', 'links'));
  } catch (error) {
    if ((error as SystemError).code !== 'ENOBUFS' || size >= SIZE_MAX) throw error;
    return dump(size * 8);
  }
}

function readLink(words: readonly string[]): HostLink {
  const [, index, name = '', kind = '', master, up, mac = '', mtu, ...alias] = words;
  const flags = { index: Number(index), master: Number(master), up: up === '1', mtu: Number(mtu) };
  return { ...flags, name, kind, mac, alias: alias.join('\t') };
}

/** All that there is. @throws SystemError netlink */
export function readHostNetwork(): HostNetwork {
  const links: HostLink[] = [];
  const addresses: { index: number; cidr: string }[] = [];
  const routes: { index: number; cidr: string }[] = [];
  for (const line of dump(SIZE).split('\n')) {
    const words = line.split('\t');
    const entry = { index: Number(words[1]), cidr: words[2] ?? '' };
    if (words[0] === 'link') links.push(readLink(words));
    else if (words[0] === 'address') addresses.push(entry);
    else if (words[0] === 'route') routes.push(entry);
  }
  return { links, addresses, routes };
}

/** Makes a link, up. @throws SystemError netlink EEXIST (the name is taken), EOPNOTSUPP (the kernel has no such links) */
export const makeLink = (kind: 'bridge' | 'dummy', name: string, alias: string, mtu: number): void =>
  void checked(native.linkMake(kind, name, alias, mtu), 'netlink', name);

/** Makes a link of what has a tag (802.1Q) on another, up. @throws SystemError netlink, as above */
export const makeVlan = (name: string, alias: string, parent: string, id: number): void =>
  void checked(native.vlanMake(name, alias, parent, id), 'netlink', name);

export const setLinkUp = (name: string): void => void checked(native.linkUp(name), 'netlink', name);

/** Makes a link a port of a bridge. @throws SystemError netlink */
export const setMaster = (name: string, bridge: string): void =>
  void checked(native.linkSetMaster(name, bridge), 'netlink', `${name} on ${bridge}`);

/** Removes a link; one that is not there is none to remove. @throws SystemError netlink */
export function removeLink(name: string): void {
  const result = native.linkRemove(name);
  try {
    checked(result, 'netlink', name);
  } catch (error) {
    if ((error as SystemError).code !== 'ENODEV') throw error;
  }
}

/** Gives a link an address, 192.0.2.1/24, which it may have. @throws SystemError netlink */
export function addAddress(link: string, cidr: string): void {
  try {
    checked(native.addressSet(link, cidr, 1), 'netlink', `${cidr} on ${link}`);
  } catch (error) {
    if ((error as SystemError).code !== 'EEXIST') throw error;
  }
}

export const removeAddress = (link: string, cidr: string): void =>
  void checked(native.addressSet(link, cidr, 0), 'netlink', `${cidr} on ${link}`);

/** Whether this kernel speaks IPv6. */
export const hasIPv6 = (): boolean => existsSync('/proc/sys/net/ipv6');
