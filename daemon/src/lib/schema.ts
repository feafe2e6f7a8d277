/*
 * Checks values against the schemas of shared/src/api. It walks the schema rather than compile it: what is checked is
 * small, while a compiler costs a daemon that starts a tenth of a second and a sixth of its memory. It knows the keywords
 * that those schemas use and refuses a schema with any other.
 */

export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  /** A bare string is put into a list of its own. */
  wordList?: boolean;
  /** No body at all means an empty object. */
  emptyBody?: boolean;
}

const KEYWORDS = new Set(
  'type properties required items additionalProperties anyOf enum const minimum maximum minItems maxItems pattern wordList emptyBody description default title format'.split(
    ' ',
  ),
);

/** What a value is, in the words of JSON Schema. */
function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

const ARTICLE: Readonly<Record<string, string>> = {
  integer: 'an integer',
  array: 'a list',
  object: 'an object',
  boolean: 'true or false',
};
const called = (type: string): string => ARTICLE[type] ?? `a ${type}`;

/** Refuses a schema that says more than this file understands. @throws Error */
export function verifySchema(schema: Schema): void {
  for (const keyword of Object.keys(schema)) {
    // TypeBox marks kinds and optional members with names that begin with a tilde.
    if (!KEYWORDS.has(keyword) && !keyword.startsWith('~'))
      throw new Error(`schema keyword ${keyword} is not supported`);
  }
  for (const inner of Object.values(schema.properties ?? {})) verifySchema(inner);
  for (const inner of schema.anyOf ?? []) verifySchema(inner);
  if (schema.items) verifySchema(schema.items);
  if (typeof schema.additionalProperties === 'object') verifySchema(schema.additionalProperties);
}

/** The place of a member as people write it: HostConfig.Ulimits[0].Name */
const within = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** What is wrong with a value, or undefined; what is given as a bare word becomes the list that it stands for. */
export const checkSchema = (schema: unknown, value: unknown): string | undefined => check(schema as Schema, value, '');

function check(schema: Schema, value: unknown, path: string): string | undefined {
  const type = typeOf(value);
  if (schema.type !== undefined) {
    const allowed = Array.isArray(schema.type) ? schema.type : [schema.type];
    if (!allowed.includes(type) && !(type === 'integer' && allowed.includes('number'))) {
      return `${path || 'it'} must be ${called(allowed[0]!)}, not ${called(type)}`;
    }
  }
  if (schema.enum && !schema.enum.includes(value)) return `${path} must be one of ${schema.enum.join(', ')}`;
  if (schema.const !== undefined && schema.const !== value) return `${path} must be ${schema.const}`;
  if (schema.anyOf) return checkAny(schema.anyOf, value, path);
  if (type === 'object') return checkObject(schema, value as Record<string, unknown>, path);
  if (type === 'array') return checkArray(schema, value as unknown[], path);
  if (type === 'integer' || type === 'number') return checkNumber(schema, value as number, path);
  if (type === 'string' && schema.pattern && !new RegExp(schema.pattern, 'u').test(value as string)) {
    return `${path} is malformed`;
  }
  return undefined;
}

function checkAny(schemas: Schema[], value: unknown, path: string): string | undefined {
  let first: string | undefined;
  for (const schema of schemas) {
    const wrong = check(schema, value, path);
    if (!wrong) return undefined;
    first ??= wrong;
  }
  return first;
}

function checkObject(schema: Schema, value: Record<string, unknown>, path: string): string | undefined {
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) return `${within(path, name)} is missing`;
  }
  const { properties, additionalProperties: others } = schema;
  for (const name in value) {
    const known = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!known && others === false) return `unknown field ${within(path, name)}`;
    const rule = known ?? (typeof others === 'object' ? others : undefined);
    if (!rule) continue;
    if (value[name] === null && !schema.required?.includes(name) && check(rule, null, '') !== undefined) {
      // As Go reads it: what is null is not there.
      delete value[name];
      continue;
    }
    if (rule.wordList && typeof value[name] === 'string') value[name] = [value[name]];
    const wrong = check(rule, value[name], within(path, name));
    if (wrong) return wrong;
  }
  return undefined;
}

function checkArray(schema: Schema, value: unknown[], path: string): string | undefined {
  if (schema.minItems !== undefined && value.length < schema.minItems) return `${path} is too short`;
  if (schema.maxItems !== undefined && value.length > schema.maxItems) return `${path} is too long`;
  if (!schema.items) return undefined;
  for (let i = 0; i < value.length; i++) {
    const wrong = check(schema.items, value[i], `${path}[${i}]`);
    if (wrong) return wrong;
  }
  return undefined;
}

function checkNumber(schema: Schema, value: number, path: string): string | undefined {
  if (schema.minimum !== undefined && value < schema.minimum) return `${path} must not be less than ${schema.minimum}`;
  if (schema.maximum !== undefined && value > schema.maximum) return `${path} must not be more than ${schema.maximum}`;
  return undefined;
}
