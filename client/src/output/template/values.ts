import { encodeJson } from '../../api/json.js';

/*
 * Values of templates are those of JSON, and these two, for what Go knows of a value that is not there.
 */

/** A null whose type is known: Go prints an empty list or map as such, and an empty pointer as <nil>. */
export class TypedNull {
  readonly type: 'list' | 'map' | 'pointer';
  constructor(type: 'list' | 'map' | 'pointer') {
    this.type = type;
  }
  toJSON(): null {
    return null;
  }
}

/** A field that takes arguments: {{.Label "name"}}. */
export type Method = (...args: unknown[]) => unknown;

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof TypedNull);

/** What {{if}} takes for true: everything but empty ones. */
export function truth(value: unknown): boolean {
  if (value instanceof TypedNull) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** How many elements or bytes; undefined for what has no length. */
export function lengthOf(value: unknown): number | undefined {
  if (value instanceof TypedNull) return value.type === 'pointer' ? undefined : 0;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  return isMap(value) ? Object.keys(value).length : undefined;
}

function formatNumber(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e21 ? String(value) : value.toExponential();
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 21) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A value as Go's fmt prints it with %v. */
export function format(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (value instanceof TypedNull) return { list: '[]', map: 'map[]', pointer: '<nil>' }[value.type];
  if (typeof value === 'number') return formatNumber(value);
  if (Array.isArray(value)) return `[${value.map(format).join(' ')}]`;
  if (isMap(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map((key) => `${key}:${format(value[key])}`).join(' ')}]`;
  }
  return String(value);
}

/** A value as JSON, on one line. */
export const toJson = (value: unknown): string => encodeJson(value === undefined ? null : value);
