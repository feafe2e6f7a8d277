import { randomBytes } from 'node:crypto';

/** IFNAMSIZ less its NUL. */
export const INTERFACE_NAME_MAX = 15;

/** Of the host's end of a pair: new at each start, for that of the last one may still be there. */
export const hostInterface = (): string => `veth${randomBytes(5).toString('hex')}`;

/** Of the bridge of a network that has not been given a name for it: Docker's, which tools know. */
export const bridgeOf = (networkId: string): string => `br-${networkId.slice(0, 12)}`;

/** A locally administered unicast address that nobody else is likely to have. */
export function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = (bytes[0]! & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Whether a text is a MAC address of an interface. */
export const isMac = (text: string): boolean =>
  /^([0-9a-f]{2}([:-][0-9a-f]{2}){5}|([0-9a-f]{4}\.){2}[0-9a-f]{4})$/i.test(text);

/** In the one way to write it. */
export const canonicalMac = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^0-9a-f]/g, '')
    .replace(/..(?!$)/g, '$&:');

/** IFALIASZ of the kernel, less its NUL. */
const ALIAS_MAX = 255;

/** The alias of everything that an engine makes on the host: its own name first, by which it knows it again. */
export const aliasOf = (instance: string, what: string): string => `${instance} ${what}`.slice(0, ALIAS_MAX);
export const isOf = (instance: string, alias: string): boolean => alias.startsWith(`${instance} `);
