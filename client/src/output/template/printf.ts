import { format, toJson } from './values.js';

/** Go's Printf for the verbs that make sense on JSON: %s %v %q %d %x %f %t, with flags, width and precision. */
export function printf(pattern: string, args: readonly unknown[]): string {
  let next = 0;
  const out = pattern.replace(
    /%([-+ 0#]*)(\d+)?(?:\.(\d+))?(.)/gu,
    (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const converted = convert(verb, args[next++], precision === undefined ? undefined : Number(precision));
      if (width === undefined) return converted;
      if (flags.includes('-')) return converted.padEnd(Number(width));
      return converted.padStart(Number(width), flags.includes('0') ? '0' : ' ');
    },
  );
  const extra = args.slice(next).map((arg) => `${typeof arg}=${format(arg)}`);
  return extra.length > 0 ? `${out}%!(EXTRA ${extra.join(', ')})` : out;
}

function convert(verb: string, arg: unknown, precision: number | undefined): string {
  const numeric = typeof arg === 'number' || typeof arg === 'bigint';
  switch (verb) {
    case 's':
    case 'v':
      return precision === undefined ? format(arg) : [...format(arg)].slice(0, precision).join('');
    case 'q':
      return Array.isArray(arg) ? `[${arg.map(toJson).join(' ')}]` : toJson(format(arg));
    case 't':
      if (typeof arg === 'boolean') return String(arg);
      break;
    case 'd':
      if (numeric) return String(arg);
      break;
    case 'x':
      if (numeric) return arg.toString(16);
      if (typeof arg === 'string') return Buffer.from(arg).toString('hex');
      break;
    case 'f':
      if (numeric) return Number(arg).toFixed(precision ?? 6);
      break;
  }
  return `%!${verb}(${typeof arg}=${format(arg)})`;
}
