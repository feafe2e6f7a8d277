import { invalid } from '@tinydocker/shared/errors.js';

/** `*`, or what one character must be. */
type Token = 'star' | ((c: string) => boolean);

const syntaxError = () => invalid('syntax error in pattern');

/**
 * A pattern of Go's path.Match as a test: `*` and `?` stand for anything but a slash, `[a-z]` and `[^a-z]` for one
 * character, `\` takes the next character as it is.
 * @throws EngineError invalid
 */
export function matcher(pattern: string): (text: string) => boolean {
  const tokens = parse([...pattern]);
  return (text) => matches(tokens, text);
}

/** All ways to read the pattern at once: a regular expression tries them one by one, which takes for ever for some. */
function matches(tokens: readonly Token[], text: string): boolean {
  let reached = new Set([0]);
  // A star may stand for nothing. The set grows while it is walked through.
  const skipStars = (positions: Set<number>) => {
    for (const position of positions) if (tokens[position] === 'star') positions.add(position + 1);
  };
  skipStars(reached);
  for (const c of text) {
    const next = new Set<number>();
    for (const position of reached) {
      const token = tokens[position];
      if (token === 'star') {
        if (c !== '/') next.add(position);
      } else if (token?.(c)) next.add(position + 1);
    }
    skipStars(next);
    reached = next;
  }
  return reached.has(tokens.length);
}

function parse(pattern: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*') tokens.push('star');
    else if (c === '?') tokens.push((other) => other !== '/');
    else if (c === '[') {
      const { token, end } = parseClass(pattern, i + 1);
      tokens.push(token);
      i = end;
    } else {
      const literal = c === '\\' ? pattern[++i] : c;
      if (literal === undefined) throw syntaxError();
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

/** A class from behind its bracket on; `end` is the index of the bracket that closes it. */
function parseClass(pattern: readonly string[], start: number): { token: Token; end: number } {
  let i = start;
  const negated = pattern[i] === '^';
  if (negated) i++;
  const ranges: [string, string][] = [];
  const member = (): string => {
    if (pattern[i] === ']' || pattern[i] === '-') throw syntaxError();
    const c = pattern[i] === '\\' ? pattern[++i] : pattern[i];
    if (c === undefined) throw syntaxError();
    i++;
    return c;
  };
  while (pattern[i] !== ']' || ranges.length === 0) {
    const low = member();
    let high = low;
    if (pattern[i] === '-') {
      i++;
      high = member();
    }
    ranges.push([low, high]);
  }
  const token = (c: string) => ranges.some(([low, high]) => low <= c && c <= high) !== negated;
  return { token, end: i };
}
