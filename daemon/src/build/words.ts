import { invalid } from '@tinydocker/shared/errors.js';

/*
 * Words of Dockerfile instructions: parted at spaces outside of quotes; quotes and backslashes go when variables are put in.
 */

/** Parts a text at spaces; quotes, and what a backslash stands before, hold together. They are kept. */
export function splitWords(text: string, escape = '\\'): string[] {
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
    if (c === escape && quote !== "'" && i + 1 < text.length) word += text[++i];
  }
  if (word !== '') words.push(word);
  return words;
}

/** `a=b c="d e"`, or the older `a b c`, which is one name and the rest. @throws EngineError invalid, with Docker's words */
export function splitPairs(name: string, text: string, escape = '\\'): [string, string][] {
  const words = splitWords(text, escape);
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

/** A list in JSON, or undefined where the text is not one. */
export function jsonWords(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch {
    return undefined;
  }
}
