/*
 * JSON whose whole numbers keep all their digits: event times in nanoseconds are larger than what a JavaScript number can
 * tell apart. Such numbers become bigint; all others stay numbers.
 */

const LONG_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
const MARK = '\u0000bigint:';

export function parseJson<T>(text: string): T {
  if (!/[:,[]\s*-?\d{16}/.test(text)) return JSON.parse(text) as T;
  const marked = text.replace(LONG_NUMBER, (token) => (token.startsWith('"') ? token : `"\\u0000bigint:${token}"`));
  return JSON.parse(marked, (_, value) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  ) as T;
}

/** As JSON.stringify, for what parseJson gives. */
export function encodeJson(value: unknown, indent?: number): string {
  let longs = false;
  const text = JSON.stringify(
    value,
    (_, v) => {
      if (typeof v !== 'bigint') return v;
      longs = true;
      return `${MARK}${v}`;
    },
    indent,
  );
  return longs ? text.replace(/"\\u0000bigint:(-?\d+)"/g, '$1') : (text ?? 'null');
}
