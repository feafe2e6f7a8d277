import { invalid } from '@tinydocker/shared/errors.js';

/**
 * A pattern of Go's path.Match as a test: `*` and `?` stand for anything but a slash, `[a-z]` and `[^a-z]` for one
 * character, `\` takes the next character as it is.
 * @throws EngineError invalid
 */
export function matcher(pattern: string): (text: string) => boolean {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*') source += source.endsWith('[^/]*') ? '' : '[^/]*';
    else if (c === '?') source += '[^/]';
    else if (c === '[') {
      const end = classEnd(pattern, i);
      source += characterClass(pattern.slice(i + 1, end));
      i = end;
    } else if (c === '\\') {
      if (++i === pattern.length) throw invalid('syntax error in pattern');
      source += quote(pattern[i]!);
    } else source += quote(c);
  }
  const expression = new RegExp(`^${source}$`, 's');
  return (text) => expression.test(text);
}

const quote = (c: string): string => c.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');

/** The index of the bracket that ends a class; one right at its beginning is a member. */
function classEnd(pattern: string, start: number): number {
  for (let i = start + 1; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern[i] === ']' && i > start + 1) return i;
  }
  throw invalid('syntax error in pattern');
}

function characterClass(body: string): string {
  const negated = body.startsWith('^');
  const members = (negated ? body.slice(1) : body).match(/\\.|[^\\]/gs) ?? [];
  const plain = members.map((m) => (m.length === 2 ? m[1]! : m));
  if (plain.length === 0) throw invalid('syntax error in pattern');
  let source = '';
  for (let i = 0; i < plain.length; i++) {
    if (members[i + 1] === '-' && i + 2 < plain.length) {
      if (plain[i]! > plain[i + 2]!) throw invalid('syntax error in pattern');
      source += `${quote(plain[i]!)}-${quote(plain[i + 2]!)}`;
      i += 2;
    } else source += quote(plain[i]!);
  }
  return `[${negated ? '^' : ''}${source}]`;
}
