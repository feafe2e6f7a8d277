import { invalid } from '@tinydocker/shared/errors.js';
import type { Instruction } from './dockerfile.js';
import { didYouMean } from './suggest.js';

/** What an instruction may be given, and whether it may be several times. */
export type FlagKind = 'text' | 'list' | 'boolean';

/** The flags of an instruction by name. @throws EngineError invalid: unknown, twice, without a value */
export function readFlags<K extends string>(
  { name: instruction, flags }: Instruction,
  kinds: Readonly<Record<K, FlagKind>>,
): { texts: Partial<Record<K, string>>; lists: Partial<Record<K, string[]>>; on: ReadonlySet<K> } {
  const texts: Partial<Record<K, string>> = {};
  const lists: Partial<Record<K, string[]>> = {};
  const on = new Set<K>();
  const seen = new Set<string>();
  for (const { name, value } of flags) {
    if (!Object.hasOwn(kinds, name)) throw invalid(`unknown flag: --${name}${didYouMean(name, Object.keys(kinds))}`);
    const key = name as K;
    const kind = kinds[key];
    if (kind !== 'list' && seen.has(name)) throw invalid(`duplicate flag specified: --${name}`);
    seen.add(name);
    if (kind === 'boolean') {
      if (value !== undefined && value !== 'true' && value !== 'false')
        throw invalid(`expecting boolean value for flag --${name}, not: ${value}`);
      if (value !== 'false') on.add(key);
    } else if (value === undefined) {
      throw invalid(`missing a value on flag: --${name}`);
    } else if (kind === 'list') {
      lists[key] = [...(lists[key] ?? []), value];
    } else if (value === '' && instruction === 'FROM') {
      continue;
    } else texts[key] = value;
  }
  return { texts, lists, on };
}
