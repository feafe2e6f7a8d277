import { invalid } from '@tinydocker/shared/errors.js';
import { checkSchema, type Schema, verifySchema } from '../lib/schema.js';

/** Docker's reading of a flag in a query: these are no, everything else is yes. */
const NO = new Set(['', '0', 'no', 'false', 'none']);

/** Everything in a query is text: turns it into the numbers and flags that the schema asks for. */
function readQuery(schema: Schema, query: Record<string, unknown>): void {
  for (const [name, { type }] of Object.entries(schema.properties ?? {})) {
    const text = query[name];
    if (typeof text !== 'string') continue;
    if (type === 'boolean') query[name] = !NO.has(text.trim().toLowerCase());
    else if (type === 'integer' && text === '') delete query[name];
    else if (type === 'integer' && /^[+-]?\d+$/.test(text)) query[name] = Number(text);
    else if (type === 'array') query[name] = [text];
  }
}

const REFUSAL: Readonly<Record<string, string>> = {
  body: 'invalid JSON',
  querystring: 'invalid query',
  params: 'invalid path',
  headers: 'invalid header',
};

/** A function that returns the value when it agrees with the schema, and the EngineError to answer when not. */
export function compileValidator(
  schema: unknown,
  part: string,
): (value: unknown) => { value: unknown } | { error: Error } {
  const rule = schema as Schema;
  verifySchema(rule);
  const refusal = REFUSAL[part] ?? 'invalid request';
  return (value) => {
    if (value === null && part === 'body') {
      if (rule.emptyBody) return { value: {} };
      return { error: invalid(`${refusal}: got EOF while reading request body`) };
    }
    if (part === 'querystring') readQuery(rule, value as Record<string, unknown>);
    const wrong = checkSchema(rule, value);
    return wrong === undefined ? { value } : { error: invalid(`${refusal}: ${wrong}`) };
  };
}
