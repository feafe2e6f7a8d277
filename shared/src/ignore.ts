/*
 * Files of a build context that are not sent, or not seen: .dockerignore, and `COPY --exclude`. Patterns are those of Go's
 * filepath.Match with `**`; of several that match a path, the last one decides.
 */

const escaped = /[.$^+(){}|]/;

/** A pattern as a regular expression; undefined: it is malformed. */
function compile(pattern: string): RegExp | undefined {
  let text = '^';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*' && pattern[i + 1] === '*') {
      i++;
      if (pattern[i + 1] === '/') i++;
      text += i + 1 === pattern.length ? '.*' : '(.*/)?';
    } else if (c === '*') text += '[^/]*';
    else if (c === '?') text += '[^/]';
    else if (c === '\\') {
      if (++i === pattern.length) return undefined;
      text += pattern[i]!.replace(/[^\w\s]/, '\\$&');
    } else if (c === '[') {
      const end = classEnd(pattern, i);
      if (end < 0) return undefined;
      text += pattern.slice(i, end + 1);
      i = end;
    } else text += escaped.test(c) || c === ']' ? `\\${c}` : c;
  }
  try {
    return new RegExp(`${text}$`, 's');
  } catch {
    return undefined;
  }
}

function classEnd(pattern: string, at: number): number {
  for (let i = at + (pattern[at + 1] === '^' ? 2 : 1); i < pattern.length; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern[i] === ']') return i;
  }
  return -1;
}

/** Go's filepath.Clean of a relative path. */
function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}` || '.';
}

/** The patterns of a file: comments and empty lines are taken out, slashes at the beginning mean nothing. */
export function parseIgnore(text: string): string[] {
  const patterns: string[] = [];
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    if (raw.startsWith('#')) continue;
    const line = raw.trim();
    if (line === '') continue;
    const negated = line.startsWith('!');
    const pattern = negated ? line.slice(1).trim() : line;
    if (pattern === '') {
      patterns.push('!');
      continue;
    }
    const path = clean(pattern);
    patterns.push((negated ? '!' : '') + (path.length > 1 && path.startsWith('/') ? path.slice(1) : path));
  }
  return patterns;
}

interface Rule {
  readonly negated: boolean;
  readonly pattern: string;
  readonly expression: RegExp;
}

/** Decides which paths a list of patterns leaves out. */
export class IgnoreMatcher {
  readonly #rules: Rule[] = [];

  /** @throws Error for a malformed pattern, in Docker's words */
  constructor(patterns: readonly string[]) {
    for (const given of patterns) {
      const negated = given.startsWith('!');
      const pattern = clean((negated ? given.slice(1) : given).trim());
      if (negated && given.length === 1) throw new Error('illegal exclusion pattern: "!"');
      const expression = compile(pattern);
      if (!expression) throw new Error(`syntax error in pattern: "${given}"`);
      this.#rules.push({ negated, pattern, expression });
    }
  }

  get empty(): boolean {
    return this.#rules.length === 0;
  }

  /** Whether a path (relative, with slashes) is left out: by its own name, or by that of a directory above it. */
  ignores(path: string): boolean {
    const above: string[] = [];
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) above.push(path.slice(0, at));
    let ignored = false;
    for (const { negated, expression } of this.#rules) {
      if (negated !== ignored) continue;
      if (expression.test(path) || above.some((directory) => expression.test(directory))) ignored = !negated;
    }
    return ignored;
  }

  /** Whether something below an ignored directory may be taken in again. */
  mayReturnBelow(directory: string): boolean {
    return this.#rules.some(
      ({ negated, pattern }) => negated && (/[*?[\\]/.test(pattern) || `${pattern}/`.startsWith(`${directory}/`)),
    );
  }
}
