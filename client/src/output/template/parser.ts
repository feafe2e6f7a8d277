import { lex, lineAt, type Piece, syntaxError, type Token } from './lexer.js';

export type Operand = { at: number; text: string } & (
  | { kind: 'dot' }
  | { kind: 'literal'; value: unknown }
  | { kind: 'function'; name: string }
  /** A chain of fields on the dot, on a variable, or on the result of a pipe in parentheses. */
  | { kind: 'chain'; base: 'dot' | { variable: string } | { pipe: Pipe }; fields: string[] }
);

/** A function or method with its arguments, or one operand alone. */
export type Call = Operand[];

export interface Pipe {
  variables: string[];
  /** `=` instead of `:=`. */
  assign: boolean;
  calls: Call[];
}

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'print'; pipe: Pipe }
  | { kind: 'if' | 'with' | 'range'; pipe: Pipe; body: Node[]; otherwise: Node[] }
  | { kind: 'break' | 'continue' };

/** The tokens of one action. */
class Action {
  readonly #source: string;
  readonly #tokens: Token[];
  readonly #start: number;
  #next = 0;

  constructor(source: string, tokens: Token[], start: number) {
    this.#source = source;
    this.#tokens = tokens;
    this.#start = start;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  fail(detail: string): never {
    throw syntaxError(lineAt(this.#source, this.peek()?.at ?? this.#start), detail);
  }

  /** Takes the next token if it is that word or symbol. */
  accept(text: string): boolean {
    const token = this.peek();
    if (token?.text !== text || (token.kind !== 'word' && token.kind !== 'symbol')) return false;
    this.#next++;
    return true;
  }

  end(context: string): void {
    const token = this.peek();
    if (token) this.fail(`unexpected <${token.text}> in ${context}`);
  }

  pipe(context: string): Pipe {
    const pipe: Pipe = { variables: [], assign: false, calls: [] };
    this.#declaration(pipe, context);
    do pipe.calls.push(this.#call(context));
    while (this.accept('|'));
    return pipe;
  }

  #declaration(pipe: Pipe, context: string): void {
    const start = this.#next;
    const names: string[] = [];
    while (this.peek()?.kind === 'variable') {
      names.push(this.#tokens[this.#next++]!.text);
      if (this.accept(':=')) pipe.variables = names;
      else if (this.accept('=')) {
        pipe.variables = names;
        pipe.assign = true;
      } else if (context === 'range' && names.length < 2 && this.accept(',')) continue;
      break;
    }
    if (pipe.variables.length === 0) this.#next = start;
  }

  #call(context: string): Call {
    const operands: Operand[] = [];
    for (let token = this.peek(); token; token = this.peek()) {
      if (token.kind === 'symbol' && (token.text === '|' || token.text === ')')) break;
      operands.push(this.#operand(token));
    }
    if (operands.length === 0) this.fail(`missing value for ${context}`);
    return operands;
  }

  #operand(token: Token): Operand {
    this.#next++;
    const { at, text } = token;
    switch (token.kind) {
      case 'string':
      case 'number':
        return { kind: 'literal', value: token.value, at, text };
      case 'field':
        this.#next--;
        return this.#chain('dot', at);
      case 'variable':
        return this.#chain({ variable: text }, at);
      case 'word':
        if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', at, text };
        if (text === 'nil') return { kind: 'literal', value: null, at, text };
        return { kind: 'function', name: text, at, text };
      default:
        if (text === '.') return { kind: 'dot', at, text };
        if (text !== '(') this.fail(`unexpected <${text}> in operand`);
    }
    const pipe = this.pipe('parenthesized pipeline');
    if (!this.accept(')')) this.fail('unclosed left paren');
    return this.#chain({ pipe }, at);
  }

  #chain(base: Extract<Operand, { kind: 'chain' }>['base'], at: number): Operand {
    const fields: string[] = [];
    // Where Go says that a chain is: at its second part.
    let position = at;
    for (let token = this.peek(); token?.kind === 'field'; token = this.peek()) {
      if (token.spaced && (fields.length > 0 || base !== 'dot')) break;
      fields.push(token.text.slice(1));
      this.#next++;
      if (fields.length === (base === 'dot' ? 2 : 1)) position = token.at;
    }
    const last = this.#tokens[this.#next - 1]!;
    return { kind: 'chain', base, fields, at: position, text: this.#source.slice(at, last.at + last.text.length) };
  }
}

class Parser {
  readonly #source: string;
  readonly #pieces: Piece[];
  #next = 0;

  /** Ranges around what is being read. */
  #ranges = 0;

  constructor(source: string) {
    this.#source = source;
    this.#pieces = lex(source);
  }

  /** Nodes up to `end` or `else`, or to the end of the template. Gives the action that ended them. */
  list(inside: boolean): { nodes: Node[]; last: Action | undefined } {
    const nodes: Node[] = [];
    while (this.#next < this.#pieces.length) {
      const piece = this.#pieces[this.#next++]!;
      if (piece.kind === 'text') {
        nodes.push(piece);
        continue;
      }
      const action = new Action(this.#source, piece.tokens, piece.at);
      const word = action.peek()?.kind === 'word' ? action.peek()!.text : '';
      if (word === 'end' || word === 'else') {
        if (!inside) action.fail(`unexpected {{${word}}}`);
        return { nodes, last: action };
      }
      nodes.push(this.#node(action, word));
    }
    if (inside) throw syntaxError(lineAt(this.#source, this.#source.length), 'unexpected EOF');
    return { nodes, last: undefined };
  }

  #node(action: Action, word: string): Node {
    if (word === 'if' || word === 'with' || word === 'range') {
      action.accept(word);
      return this.#block(action, word);
    }
    if (word === 'break' || word === 'continue') {
      if (this.#ranges === 0) action.fail(`{{${word}}} outside {{range}}`);
      action.accept(word);
      return { kind: word };
    }
    if (word === 'define' || word === 'template' || word === 'block') action.fail(`{{${word}}} is not supported`);
    const pipe = action.pipe('command');
    action.end('command');
    return { kind: 'print', pipe };
  }

  #block(action: Action, kind: 'if' | 'with' | 'range'): Node {
    const pipe = action.pipe(kind);
    action.end(kind);
    if (kind === 'range') this.#ranges++;
    const body = this.list(true);
    if (kind === 'range') this.#ranges--;
    let otherwise: Node[] = [];
    if (body.last!.accept('else')) {
      // {{else if}} is an if inside the else, and their common {{end}} ends both.
      const nested = body.last!.accept('if') ? 'if' : body.last!.accept('with') ? 'with' : undefined;
      if (nested) otherwise = [this.#block(body.last!, nested)];
      else {
        const rest = this.list(true);
        if (!rest.last!.accept('end')) rest.last!.fail('expected end; found {{else}}');
        otherwise = rest.nodes;
      }
    }
    return { kind, pipe, body: body.nodes, otherwise };
  }
}

/** @throws TemplateError */
export const parseTemplate = (source: string): Node[] => new Parser(source).list(false).nodes;
