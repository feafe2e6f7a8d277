import { invalid } from '@tinydocker/shared/errors.js';
import { boundedReplace, boundedTest } from '../lib/pattern.js';

/*
 * Variables in the words of a Dockerfile, and the quotes around them: what a POSIX shell would make of them, without commands.
 */

/** How the words of one instruction are read. */
export interface Expansion {
  /** What a variable stands for; undefined: it is not set. */
  lookup(name: string): string | undefined;
  /** The character that takes the meaning from the next one. */
  readonly escape: string;
}

const failed = (text: string, why: string) => invalid(`failed to process ${JSON.stringify(text)}: ${why}`);

/** A pattern of the shell as a regular expression; `greedy`: stars take as much as they can. */
function patternOf(pattern: string, greedy: boolean): string {
  let text = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*') text += greedy ? '.*' : '.*?';
    else if (c === '?') text += '.';
    else if (c === '\\' && i + 1 < pattern.length) text += pattern[++i]!.replace(/[^\w\s]/, '\\$&');
    else text += c.replace(/[^\w\s]/, '\\$&');
  }
  return text;
}

class Reader {
  readonly #text: string;
  readonly #by: Expansion;
  #at = 0;

  constructor(text: string, by: Expansion) {
    this.#text = text;
    this.#by = by;
  }

  get #next(): string | undefined {
    return this.#text[this.#at];
  }

  #fail(why: string): never {
    throw failed(this.#text, why);
  }

  /** Up to one of the characters in `end`, which is not taken; to the end of the text where there is none. */
  text(end = ''): { text: string; closed: boolean } {
    let text = '';
    for (let c = this.#next; c !== undefined; c = this.#next) {
      if (end.includes(c)) return { text, closed: true };
      if (c === "'") text += this.#single();
      else if (c === '"') text += this.#double();
      else if (c === '$') text += this.#dollar();
      else if (c === this.#by.escape) {
        this.#at++;
        // At the very end it stands for nothing.
        if (this.#next !== undefined) text += this.#take();
      } else text += this.#take();
    }
    return { text, closed: false };
  }

  #take(): string {
    const c = this.#text[this.#at] ?? '';
    this.#at++;
    return c;
  }

  #single(): string {
    const end = this.#text.indexOf("'", ++this.#at);
    if (end < 0) this.#fail('unexpected end of statement while looking for matching single-quote');
    const inside = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return inside;
  }

  #double(): string {
    let inside = '';
    this.#at++;
    for (;;) {
      const c = this.#next;
      if (c === undefined) this.#fail('unexpected end of statement while looking for matching double-quote');
      if (c === '"') {
        this.#at++;
        return inside;
      }
      if (c === '$') inside += this.#dollar();
      else if (c === this.#by.escape) {
        this.#at++;
        const escaped = this.#next;
        if (escaped === undefined) this.#fail('unexpected end of statement while looking for matching double-quote');
        // Within quotes it only matters before what would mean something there.
        if (!['"', '$', this.#by.escape].includes(escaped)) inside += c;
        inside += this.#take();
      } else inside += this.#take();
    }
  }

  #dollar(): string {
    this.#at++;
    if (this.#next === '{') {
      this.#at++;
      return this.#braced();
    }
    const name = this.#name();
    return name === '' ? '$' : (this.#by.lookup(name) ?? '');
  }

  /** A name, a digit, or one of the shell's special parameters. */
  #name(): string {
    const found = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #braced(): string {
    const name = this.#name();
    if (name === '') this.#fail(this.#next === '}' ? 'bad substitution' : 'unsupported modifier in substitution');
    const value = this.#by.lookup(name);
    if (this.#next === undefined) this.#fail('syntax error: missing \'}\'');
    if (this.#next === '}') {
      this.#at++;
      return value ?? '';
    }
    const operator = /^(?::[-+?]|##?|%%?|\/\/?|[-+?])/.exec(this.#text.slice(this.#at))?.[0];
    if (operator === undefined) this.#fail(`unsupported modifier (${this.#text.slice(this.#at, this.#at + 2)}) in substitution`);
    this.#at += operator.length;
    if (operator.startsWith('/')) return this.#replaced(value ?? '', operator === '//');
    const word = this.#operand('}');
    switch (operator) {
      case ':-':
        return value || word;
      case '-':
        return value ?? word;
      case ':+':
        return value ? word : '';
      case '+':
        return value === undefined ? '' : word;
      case ':?':
      case '?':
        if (operator === '?' ? value !== undefined : value) return value!;
        this.#fail(`${name}: ${word || (operator === '?' ? 'is not allowed to be unset' : 'is not allowed to be empty')}`);
        break;
      case '#':
      case '##':
        return boundedReplace(value ?? '', new RegExp(`^${patternOf(word, operator === '##')}`, 's'), '');
    }
    return trimEnd(value ?? '', word, operator === '%%');
  }

  #operand(end: string): string {
    const { text, closed } = this.text(end);
    if (!closed) this.#fail("syntax error: missing '}'");
    this.#at++;
    return text;
  }

  #replaced(value: string, all: boolean): string {
    const pattern = this.text('/}');
    if (!pattern.closed) this.#fail("syntax error: missing '}'");
    const hasReplacement = this.#take() === '/';
    const by = hasReplacement ? this.#operand('}') : '';
    if (pattern.text === '') return value;
    return boundedReplace(value, new RegExp(patternOf(pattern.text, true), all ? 'gs' : 's'), by);
  }
}

/** Without the shortest, or the longest, end that matches. */
function trimEnd(value: string, pattern: string, longest: boolean): string {
  const matches = boundedTest(new RegExp(`^${patternOf(pattern, true)}$`, 's'));
  const starts = Array.from({ length: value.length + 1 }, (_, i) => (longest ? i : value.length - i));
  const found = starts.find((start) => matches(value.slice(start)));
  return found === undefined ? value : value.slice(0, found);
}

/** Puts variables in and takes quotes off. @throws EngineError invalid */
export const expand = (text: string, by: Expansion): string => new Reader(text, by).text().text;
