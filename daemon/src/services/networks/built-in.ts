import type { NetworkRecord } from '../../store/networks.js';

/** The networks that there always are, by name. */
export const BUILT_IN = ['bridge', 'host', 'none'] as const;

export const isBuiltIn = ({ name }: Pick<NetworkRecord, 'name'>): boolean =>
  (BUILT_IN as readonly string[]).includes(name);

/** Names that stand for something else where a network is named. */
export const isReserved = (name: string): boolean =>
  (BUILT_IN as readonly string[]).includes(name) || name === 'default' || name.startsWith('container:');
