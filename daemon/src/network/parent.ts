import { EngineError } from '@tinydocker/shared/errors.js';

/* What a macvlan or ipvlan network is told of the link that it is on: by the names of Docker's options, and as the kernel numbers it. */

type Options = Readonly<Record<string, string>>;
export type ChildKind = 'macvlan' | 'ipvlan';

/** MACVLAN_MODE_* and IPVLAN_MODE_* of linux/if_link.h; the first is the driver's own choice. */
const MODES: Readonly<Record<ChildKind, Readonly<Record<string, number>>>> = {
  macvlan: { bridge: 4, private: 1, vepa: 2, passthru: 8 },
  ipvlan: { l2: 0, l3: 1, l3s: 2 },
};
/** IPVLAN_F_* */
const FLAGS: Readonly<Record<string, number>> = { bridge: 0, private: 1, vepa: 2 };

export interface ChildOptions {
  readonly mode: number;
  readonly flags: number;
  /** The parent has one child only, which is the parent to its neighbours. */
  readonly exclusive: boolean;
  /** The parent's host routes between its children: there is no address on the wire that could be a gateway. */
  readonly routed: boolean;
}

export const isChildKind = (driver: string): driver is ChildKind => driver === 'macvlan' || driver === 'ipvlan';

const refused = (sentence: string): EngineError => new EngineError('system', sentence);

/** The number of a choice. @throws EngineError system: there is no such choice */
function numberOf(from: Readonly<Record<string, number>>, name: string, what: string, otherwise: string): number {
  const number = Object.hasOwn(from, name) ? from[name] : undefined;
  if (number === undefined)
    throw refused(`requested ${what} '${name}' is not valid, '${Object.keys(from)[0]}' ${otherwise}`);
  return number;
}

/** @throws EngineError system, in Docker's words: a mode or flag that there is not */
export function childOptions(kind: ChildKind, options: Options): ChildOptions {
  const name = options[`${kind}_mode`] || Object.keys(MODES[kind])[0]!;
  const mode = numberOf(MODES[kind], name, `${kind} mode`, `mode is the ${kind} driver default`);
  const flag = options.ipvlan_flag || 'bridge';
  const flags = kind === 'ipvlan' ? numberOf(FLAGS, flag, 'ipvlan flag', 'is the ipvlan driver default') : 0;
  return { mode, flags, exclusive: name === 'passthru', routed: name.startsWith('l3') };
}

/** The link that a network is on; without one it has a link of its own that leads nowhere, by the name that Docker gives it. */
export const parentName = ({ id, driver, options }: { id: string; driver: string; options: Options }): string =>
  options.parent || `d${driver.charAt(0)}-${id.slice(0, 12)}`;

/** "eth0.10" is what has the tag 10 on eth0. @throws EngineError system, in Docker's words: it is not of that form */
export function readTagged(name: string): { under: string; id: number } {
  if (!name.includes('.')) throw refused(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  const [under, text, ...more] = name.split('.');
  if (!under || text === undefined || more.length > 0)
    throw refused(`required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received ${name}`);
  if (!/^\d+$/.test(text)) throw refused(`unable to parse a valid vlan id from: ${text} (ex. eth0.10 for vlan 10)`);
  const id = Number(text);
  if (id < 1 || id > 4094) throw refused(`vlan id must be between 1-4094, received: ${id}`);
  return { under, id };
}
