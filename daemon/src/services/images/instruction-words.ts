import { invalid } from '@tinydocker/shared/errors.js';

/*
 * Words of Dockerfile instructions: parted at spaces outside of quotes; quotes and backslashes go when variables are put in.
 */

/** Parts a text at spaces; quotes, and what a backslash stands before, hold together. They are kept. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote === '' && /\s/.test(c)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    if (quote === '' && (c === '"' || c === "'")) quote = c;
    else if (c === quote) quote = '';
    word += c;
    if (c === '\\' && quote !== "'" && i + 1 < text.length) word += text[++i];
  }
  if (word !== '') words.push(word);
  return words;
}

/** `a=b c="d e"`, or the older `a b c`, which is one name and the rest. @throws EngineError invalid, with Docker's words */
export function splitPairs(name: string, text: string): [string, string][] {
  const words = splitWords(text);
  if (!words[0]!.includes('=')) {
    const [, key = '', value = ''] = /^(\S+)\s+(.+)$/s.exec(text) ?? [];
    if (key === '') throw invalid(`${name} must have two arguments`);
    return [[key, value]];
  }
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 0) throw invalid(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    if (at === 0) throw invalid(`${name} names can not be blank`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

/** Where a variable's reference ends, and what it becomes. */
function variable(text: string, at: number, known: ReadonlyMap<string, string>): [end: number, value: string] {
  const plain = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(text.slice(at));
  if (plain) return [at + plain[0].length, known.get(plain[1]!) ?? ''];
  const braced = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^}]*))?\}/.exec(text.slice(at));
  if (!braced) {
    if (text[at + 1] === '{')
      throw invalid(`failed to process ${JSON.stringify(text)}: unsupported modifier in substitution`);
    return [at + 1, '$'];
  }
  const [all, name = '', operator, word = ''] = braced;
  const value = known.get(name) ?? '';
  if (operator === '-') return [at + all.length, value || expand(word, known)];
  if (operator === '+') return [at + all.length, value && expand(word, known)];
  return [at + all.length, value];
}

/** Puts variables in and takes quotes off. */
export function expand(text: string, known: ReadonlyMap<string, string>): string {
  let result = '';
  let quote = '';
  for (let i = 0; i < text.length; ) {
    const c = text[i]!;
    if (c === quote) {
      quote = '';
      i++;
    } else if (quote === '' && (c === '"' || c === "'")) {
      quote = c;
      i++;
    } else if (c === '\\' && quote !== "'" && i + 1 < text.length) {
      const next = text[i + 1]!;
      // Within double quotes it only matters before what would mean something there.
      result += quote === '"' && !'"$\\'.includes(next) ? `\\${next}` : next;
      i += 2;
    } else if (c === '$' && quote !== "'") {
      const [end, value] = variable(text, i, known);
      result += value;
      i = end;
    } else {
      result += c;
      i++;
    }
  }
  if (quote !== '')
    throw invalid(
      `failed to process ${JSON.stringify(text)}: unexpected end of statement while looking for matching ${quote === '"' ? 'double-quote' : 'single-quote'}`,
    );
  return result;
}
