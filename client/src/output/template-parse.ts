import { CommandError } from '../errors.js';

/** A part of a template. */
export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'print'; pipe: Pipe }
  | { kind: 'if' | 'range' | 'with'; pipe: Pipe; name?: string; key?: string; body: Node[]; otherwise: Node[] }
  | { kind: 'assign'; name: string; pipe: Pipe };

/** Commands whose result goes on to the next as its last argument. */
export type Pipe = Term[][];

export type Term =
  | { kind: 'field'; path: string[]; of?: Term }
  | { kind: 'variable'; name: string; path: string[] }
  | { kind: 'value'; value: unknown }
  | { kind: 'function'; name: string }
  | { kind: 'pipe'; pipe: Pipe };

export const fault = (message: string) => new CommandError(`template parsing error: template: ${message}`, 64);

const TOKEN =
  /\s*(?:("(?:\\.|[^"\\])*"|`[^`]*`)|(-?\d+(?:\.\d+)?)|(\$\w*(?:\.\w+)*)|((?:\.\w+)+|\.)|(\w+)|(:=|[|(),]))/y;

/** One `{{...}}`, as terms. */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #next(): RegExpExecArray | undefined {
    if (this.#text.slice(this.#at).trim() === '') return undefined;
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (!match) throw fault(`unexpected "${this.#text.slice(this.#at).trim()}" in "{{${this.#text.trim()}}}"`);
    return match;
  }

  /** A variable's name behind which `, $x :=` or `:=` stands. */
  assignment(): { name: string; key?: string } | undefined {
    const match = /^\s*\$(\w+)\s*(?:,\s*\$(\w+)\s*)?:=/.exec(this.#text.slice(this.#at));
    if (!match) return undefined;
    this.#at += match[0].length;
    return match[2] ? { key: match[1], name: match[2] } : { name: match[1]! };
  }

  pipe(end?: string): Pipe {
    const commands: Pipe = [[]];
    for (;;) {
      const match = this.#next();
      if (!match) {
        if (end) throw fault('unclosed left paren');
        break;
      }
      this.#at = TOKEN.lastIndex;
      if (match[6] === end) break;
      if (match[6] === '|') commands.push([]);
      else commands.at(-1)!.push(this.#term(match));
    }
    if (commands.some((command) => command.length === 0)) throw fault('missing value for command');
    return commands;
  }

  #term([, string, number, variable, field, word, symbol]: RegExpExecArray): Term {
    if (string !== undefined)
      return { kind: 'value', value: string.startsWith('`') ? string.slice(1, -1) : JSON.parse(string) };
    if (number !== undefined) return { kind: 'value', value: Number(number) };
    if (variable !== undefined) {
      const [name, ...path] = variable.slice(1).split('.');
      return { kind: 'variable', name: name!, path };
    }
    if (field !== undefined) return { kind: 'field', path: field.split('.').filter(Boolean) };
    if (word === 'true' || word === 'false') return { kind: 'value', value: word === 'true' };
    if (word === 'nil') return { kind: 'value', value: null };
    if (word !== undefined) return { kind: 'function', name: word };
    if (symbol !== '(') throw fault(`unexpected "${symbol}"`);
    const inner: Term = { kind: 'pipe', pipe: this.pipe(')') };
    const path = /^(?:\.\w+)+/.exec(this.#text.slice(this.#at))?.[0];
    if (!path) return inner;
    this.#at += path.length;
    return { kind: 'field', path: path.split('.').filter(Boolean), of: inner };
  }
}

interface Open {
  node: Extract<Node, { body: Node[] }>;
  /** Where parts go now: its `body`, behind {{else}} its `otherwise`. */
  into: Node[];
  /** An {{else if}} is closed by the same {{end}}. */
  chained: boolean;
}

/** Reads a Go template as far as docker's users write them. @throws CommandError with exit code 64 */
export function parseTemplate(text: string): Node[] {
  const top: Node[] = [];
  const open: Open[] = [];
  const into = () => open.at(-1)?.into ?? top;
  let trim = false;
  for (const part of text.split(/(\{\{-?[\s\S]*?-?\}\})/)) {
    const action = /^\{\{(-\s)?([\s\S]*?)(\s-)?\}\}$/.exec(part);
    if (!action) {
      if (part.includes('{{')) throw fault('unclosed action');
      const kept = trim ? part.trimStart() : part;
      if (kept) into().push({ kind: 'text', text: kept });
      trim = false;
      continue;
    }
    const last = into().at(-1);
    if (action[1] && last?.kind === 'text') last.text = last.text.trimEnd();
    trim = action[3] !== undefined;
    takeAction(action[2]!.trim(), open, into);
  }
  if (open.length > 0) throw fault(`unexpected EOF: {{${open.at(-1)!.node.kind}}} without {{end}}`);
  return top;
}

function takeAction(text: string, open: Open[], into: () => Node[]): void {
  if (text.startsWith('/*')) return;
  const [, word, rest] = /^(if|range|with|else|end)\b\s*([\s\S]*)$/.exec(text) ?? [];
  if (word === 'end') {
    if (open.length === 0) throw fault('unexpected {{end}}');
    while (open.pop()!.chained);
    return;
  }
  if (word === 'else') {
    const block = open.at(-1);
    if (!block) throw fault('unexpected {{else}}');
    block.into = block.node.otherwise;
    const again = /^(if|with)\s+([\s\S]*)$/.exec(rest!);
    if (again) begin(again[1] as 'if', again[2]!, true, open, into);
    return;
  }
  if (word) {
    begin(word as 'if', rest!, false, open, into);
    return;
  }
  const parser = new Parser(text);
  const assigned = parser.assignment();
  const pipe = parser.pipe();
  into().push(assigned ? { kind: 'assign', name: assigned.name, pipe } : { kind: 'print', pipe });
}

function begin(kind: 'if' | 'range' | 'with', text: string, chained: boolean, open: Open[], into: () => Node[]): void {
  const parser = new Parser(text);
  const names = parser.assignment();
  const node: Open['node'] = { kind, ...names, pipe: parser.pipe(), body: [], otherwise: [] };
  into().push(node);
  open.push({ node, into: node.body, chained });
}
