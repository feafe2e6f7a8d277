import { type EngineError, invalid } from '@tinydocker/shared/errors.js';
import { didYouMean } from './suggest.js';
import { chomped, type Heredoc, heredocMarks } from './heredoc.js';

/*
 * A Dockerfile as text, turned into instructions: parser directives, comments, lines that go on, flags, here-documents. What an
 * instruction means is known elsewhere.
 */

/** A flag of an instruction, in its order; one may be given several times. */
export interface Flag {
  readonly name: string;
  /** undefined: it was given without one. */
  readonly value: string | undefined;
}

export interface Instruction {
  /** In capitals. */
  readonly name: string;
  readonly flags: readonly Flag[];
  /** What comes behind name and flags. */
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
  /** The whole as it is shown: lines joined, without here-documents. */
  readonly original: string;
  /** First and last line, from 1. */
  readonly line: number;
  readonly endLine: number;
}

export interface Dockerfile {
  readonly escape: string;
  /** What `# syntax=` names. */
  readonly syntax: string | undefined;
  readonly instructions: readonly Instruction[];
  /** The text, line by line, for messages. */
  readonly lines: readonly string[];
}

const NAMES = [
  ...['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL', 'MAINTAINER'],
  ...['ONBUILD', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'],
];

/** The others have their own way with what begins with two dashes. */
const FLAGGED = ['ADD', 'COPY', 'FROM', 'RUN'];
const WITH_HEREDOCS = ['ADD', 'COPY', 'RUN'];
/** Take one argument, whatever is in it. */
const ONE = ['MAINTAINER', 'STOPSIGNAL', 'USER', 'WORKDIR'];
const DIRECTIVES = ['syntax', 'escape', 'check'];

/** Larger than any that a person has written. */
const SIZE_LIMIT = 2 * 1024 * 1024;

const parseError = (line: number, message: string): EngineError =>
  invalid(`dockerfile parse error on line ${line}: ${message}`);

/** Lines that only count before everything else: `# name=value`. */
function readDirectives(lines: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [i, line] of lines.entries()) {
    const [, name = '', value = ''] = /^#\s*([A-Za-z][A-Za-z0-9_.-]*)\s*=\s*(.+?)\s*$/.exec(line) ?? [];
    const directive = name.toLowerCase();
    if (i === 0 && line.startsWith('#!')) continue;
    if (!DIRECTIVES.includes(directive)) break;
    if (found.has(directive)) throw parseError(i + 1, `only one ${directive} parser directive can be used`);
    found.set(directive, value);
  }
  return found;
}

function escapeOf(directives: ReadonlyMap<string, string>): string {
  const escape = directives.get('escape') ?? '\\';
  if (escape !== '\\' && escape !== '`')
    throw invalid(`dockerfile parse error: invalid ESCAPE '${escape}'. Must be \` or \\`);
  return escape;
}

function unknownInstruction(line: number, name: string): EngineError {
  const hint = didYouMean(name.toUpperCase(), NAMES);
  return parseError(line, `unknown instruction: ${name}${hint}`);
}

/** Words that begin with two dashes, before anything else. */
function takeFlags(text: string, escape: string): { flags: Flag[]; rest: string } {
  const flags: Flag[] = [];
  let rest = text.trimStart();
  while (rest.startsWith('--')) {
    let word = '';
    let quote = '';
    let at = 0;
    for (; at < rest.length; at++) {
      const c = rest[at]!;
      if (quote === '' && /\s/.test(c)) break;
      if (c === escape && at + 1 < rest.length) {
        // What is behind it stays as it is, for the variables that are put in later.
        word += c + rest[++at]!;
        continue;
      }
      if (quote === '' && (c === '"' || c === "'")) quote = c;
      else if (c === quote) quote = '';
      else word += c;
    }
    rest = rest.slice(at).trimStart();
    if (word === '--') break;
    const equals = word.indexOf('=');
    if (equals < 0) flags.push({ name: word.slice(2), value: undefined });
    else flags.push({ name: word.slice(2, equals), value: word.slice(equals + 1) });
  }
  return { flags, rest };
}

/** Reads one instruction after the other. */
class Parser {
  readonly #lines: readonly string[];
  readonly #escape: string;
  readonly #goesOn: RegExp;
  #at = 0;

  constructor(lines: readonly string[], escape: string) {
    this.#lines = lines;
    this.#escape = escape;
    this.#goesOn = escape === '\\' ? /\\[ \t]*$/ : /`[ \t]*$/;
  }

  all(): Instruction[] {
    const instructions: Instruction[] = [];
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at]!;
      if (line.trim() === '' || line.trimStart().startsWith('#')) this.#at++;
      else instructions.push(this.#instruction());
    }
    return instructions;
  }

  /** Lines that belong together; comments and empty lines between them do not count. */
  #joined(): string {
    let text = '';
    for (let first = true; this.#at < this.#lines.length; ) {
      const line = this.#lines[this.#at++]!;
      if (!first && (line.trim() === '' || line.trimStart().startsWith('#'))) continue;
      const part = first ? line.trimStart() : line;
      first = false;
      if (!this.#goesOn.test(part)) return (text + part).trim();
      text += part.replace(this.#goesOn, '');
    }
    return text.trim();
  }

  #heredoc(mark: Omit<Heredoc, 'content'>, line: number): Heredoc {
    let content = '';
    while (this.#at < this.#lines.length) {
      const text = this.#lines[this.#at++]!;
      if ((mark.chomp ? text.replace(/^\t+/, '') : text) === mark.name) return { ...mark, content };
      content += `${text}\n`;
    }
    throw parseError(line, `unterminated heredoc`);
  }

  #instruction(): Instruction {
    const line = this.#at + 1;
    const original = this.#joined();
    const [, word = '', text = ''] = /^(\S+)\s*(.*)$/s.exec(original) ?? [];
    const name = word.toUpperCase();
    if (!NAMES.includes(name)) throw unknownInstruction(line, word);
    const { flags, rest } = FLAGGED.includes(name)
      ? takeFlags(text, this.#escape)
      : { flags: [], rest: text };
    if (rest === '' && !(name === 'CMD' || name === 'ENTRYPOINT' || name === 'HEALTHCHECK'))
      throw parseError(line, `${name} requires ${ONE.includes(name) ? 'exactly' : 'at least'} one argument`);
    const marks = WITH_HEREDOCS.includes(name) ? heredocMarks(rest) : [];
    const heredocs = marks.map((mark) => this.#heredoc(mark, line));
    return { name, flags, rest, heredocs, original, line, endLine: this.#at };
  }
}

/** The instructions of a text. @throws EngineError invalid, in Docker's words, with the line */
export function parseDockerfile(text: string): Dockerfile {
  if (text.length > SIZE_LIMIT) throw invalid(`the Dockerfile is larger than ${SIZE_LIMIT} bytes`);
  if (text.includes('\0')) throw invalid('the Dockerfile is no text');
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const directives = readDirectives(lines);
  const escape = escapeOf(directives);
  const instructions = new Parser(lines, escape).all();
  if (instructions.length === 0) throw invalid('dockerfile parse error: file with no instructions');
  return { escape, syntax: directives.get('syntax'), instructions, lines };
}

/** One instruction by itself: a trigger of ONBUILD, a label of the request. */
export function parseInstruction(text: string, escape: string): Instruction {
  const [instruction] = new Parser(text.split(/\r?\n/), escape).all();
  if (!instruction) throw invalid('file with no instructions');
  return instruction;
}

/** The text that a shell is given where here-documents stand in a command. */
export function commandWithHeredocs({ rest, heredocs }: Pick<Instruction, 'rest' | 'heredocs'>): {
  command: string;
  /** The only thing there is, is a document: a script of its own. */
  script: boolean;
} {
  const [first] = heredocs;
  if (!first) return { command: rest, script: false };
  if (heredocs.length === 1 && /^<<-?\s*\S+$/.test(rest)) {
    const command = chomped(first);
    return { command, script: command.startsWith('#!') };
  }
  return { command: [rest, ...heredocs.map(({ content, name }) => `\n${content}${name}`)].join(''), script: false };
}
