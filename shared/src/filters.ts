import { invalid } from './errors.js';

/**
 * What a list is narrowed to: values by key. The values of one key are alternatives, except where the list says
 * otherwise (labels), and all keys must match.
 */
export type Filters = ReadonlyMap<string, readonly string[]>;

const invalidFilter = (key: string, values?: readonly string[]) =>
  invalid(`invalid filter '${key}${values ? `=[${values.join(' ')}]` : ''}'`);

/** The values of one key: a list, or the older form of a map to booleans whose true names count. */
function readValues(value: unknown): string[] | undefined {
  if (Array.isArray(value)) return value.every((v) => typeof v === 'string') ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  if (!entries.every(([, set]) => typeof set === 'boolean')) return undefined;
  return entries.filter(([, set]) => set).map(([name]) => name);
}

/**
 * Reads the query parameter `filters`: `{"label":["a=b"]}` or the older `{"label":{"a=b":true}}`.
 * @param accepted the keys that this list knows
 * @throws EngineError invalid: not of that form, or a key that is not accepted
 */
export function parseFilters(text: string | undefined, accepted: readonly string[]): Filters {
  const filters = new Map<string, readonly string[]>();
  if (!text) return filters;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('invalid filter');
  }
  if (json === null) return filters;
  if (typeof json !== 'object' || Array.isArray(json)) throw invalid('invalid filter');
  for (const [key, value] of Object.entries(json)) {
    const values = readValues(value);
    if (!values) throw invalid('invalid filter');
    if (!accepted.includes(key)) throw invalidFilter(key);
    if (values.length > 0) filters.set(key, values);
  }
  return filters;
}

/** The query parameter for some filters; undefined when there are none. */
export function encodeFilters(filters: Readonly<Record<string, readonly string[]>>): string | undefined {
  const used = Object.entries(filters).filter(([, values]) => values.length > 0);
  return used.length > 0 ? JSON.stringify(Object.fromEntries(used)) : undefined;
}

/** Whether some value of `key` passes the test; also when nothing is asked of that key. */
export function matchesFilter(filters: Filters, key: string, test: (value: string) => boolean): boolean {
  const values = filters.get(key);
  return values === undefined || values.some(test);
}

/** Whether the labels have every `name` and `name=value` that `label` asks for, and none that `label!` excludes. */
export function matchesLabels(filters: Filters, labels: Readonly<Record<string, string>> | null | undefined): boolean {
  const has = (wanted: string) => {
    const equals = wanted.indexOf('=');
    const name = equals < 0 ? wanted : wanted.slice(0, equals);
    if (!labels || !Object.hasOwn(labels, name)) return false;
    return equals < 0 || labels[name] === wanted.slice(equals + 1);
  };
  return (filters.get('label') ?? []).every(has) && !(filters.get('label!') ?? []).some(has);
}

/** A filter that is on or off: `dangling=true`. Undefined when it is not asked for. */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key);
  if (values === undefined) return undefined;
  const on = values.some((v) => v === '1' || v.toLowerCase() === 'true');
  const off = values.some((v) => v === '0' || v.toLowerCase() === 'false');
  if (on === off) throw invalidFilter(key, values);
  return on;
}
