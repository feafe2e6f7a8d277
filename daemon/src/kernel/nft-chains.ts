import { Netfilter } from './netfilter.js';
import { attributeList, attributes, textOf } from './nft-attribute.js';
import { FAMILY, getAll, HOOK } from './nft-message.js';

/** A chain that packets come through, whoever made it, and what its table drops. */
export interface BaseChainInfo {
  family: string;
  table: string;
  chain: string;
  hook: string;
  priority: number;
  /** What becomes of packets that no rule has decided about. */
  drops: boolean;
}

/** A rule that drops or rejects, with the packets that it has done that to; undefined where nobody counts. */
export interface DroppingRule {
  family: string;
  table: string;
  chain: string;
  packets: number | undefined;
  comment: string;
}

const familyName = (family: number): string =>
  Object.entries(FAMILY).find(([, number]) => number === family)?.[0] ?? String(family);
const hookName = (hook: number): string =>
  Object.entries(HOOK).find(([, number]) => number === hook)?.[0] ?? String(hook);

const u32 = (value: Buffer | undefined): number => (value && value.length >= 4 ? value.readInt32BE() : 0);

/** The chains at the hooks of IP packets. @throws SystemError */
export function baseChains(): BaseChainInfo[] {
  return [...Netfilter.dump(getAll('chain', 0))].flatMap(({ family, body }) => {
    const fields = attributes(body);
    const hook = fields.get(4);
    if (!hook || ![FAMILY.inet, FAMILY.ip, FAMILY.ip6].some((known) => known === family)) return [];
    const place = attributes(hook);
    return [
      {
        family: familyName(family),
        table: textOf(fields.get(1)),
        chain: textOf(fields.get(3)),
        hook: hookName(u32(place.get(1))),
        priority: u32(place.get(2)),
        drops: fields.has(5) && u32(fields.get(5)) === 0,
      },
    ];
  });
}

const VERDICT = 2;
const CODE = 1;
const DROP = 0;

function dropsBy(name: string, data: Map<number, Buffer>): boolean {
  if (name === 'reject') return true;
  // What iptables says in its own words, within a rule of nf_tables.
  if (name === 'target') return /^(DROP|REJECT)/.test(textOf(data.get(1)));
  if (name !== 'immediate') return false;
  const verdict = attributes(data.get(2) ?? Buffer.alloc(0)).get(VERDICT);
  const code = verdict && attributes(verdict).get(CODE);
  return code !== undefined && u32(code) === DROP;
}

function commentOf(userdata: Buffer | undefined): string {
  return userdata && userdata[0] === 0
    ? userdata
        .subarray(2, 2 + userdata[1]!)
        .toString()
        .replace(/\0.*$/s, '')
    : '';
}

/** The rules of all tables that drop or reject. @throws SystemError */
export function droppingRules(): DroppingRule[] {
  return [...Netfilter.dump(getAll('rule', 0))].flatMap(({ family, body }) => {
    const fields = attributes(body);
    let packets: number | undefined;
    let drops = false;
    for (const [, expression] of attributeList(fields.get(4) ?? Buffer.alloc(0))) {
      const parts = attributes(expression);
      const name = textOf(parts.get(1));
      const data = attributes(parts.get(2) ?? Buffer.alloc(0));
      if (name === 'counter') packets = Number(data.get(2)?.readBigUInt64BE() ?? 0n);
      drops ||= dropsBy(name, data);
    }
    if (!drops) return [];
    const [table, chain] = [textOf(fields.get(1)), textOf(fields.get(2))];
    return [{ family: familyName(family), table, chain, packets, comment: commentOf(fields.get(7)) }];
  });
}
