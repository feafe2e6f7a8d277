import { FUNCTIONS } from './functions.js';
import { TemplateError } from './lexer.js';
import { type Call, type Node, type Operand, type Pipe, parseTemplate } from './parser.js';
import { format, isMap, type Method, TypedNull, truth } from './values.js';

/** Looks up a field. @throws Error with Go's words when there is none */
export type FieldLookup = (value: unknown, name: string, parents: readonly string[]) => unknown;

export interface TemplateOptions {
  field?: FieldLookup;
  /** Instead of those of the same name. */
  functions?: Readonly<Record<string, (...args: unknown[]) => unknown>>;
  /** Shown in errors. */
  name?: string;
}

const LOOP = { break: Symbol('break'), continue: Symbol('continue') };

/** A field of an object, and nothing else. */
export const strictField: FieldLookup = (value, name) => {
  if (isMap(value) && Object.hasOwn(value, name)) return value[name];
  if (value === null || value === undefined || value instanceof TypedNull) {
    throw new Error(`nil pointer evaluating field ${name}`);
  }
  throw new Error(`can't evaluate field ${name}`);
};

/** A parsed template. */
export class Template {
  readonly #nodes: Node[];
  readonly #source: string;
  readonly #options: TemplateOptions;

  /** @throws TemplateError */
  constructor(source: string, options: TemplateOptions = {}) {
    this.#source = source;
    this.#options = options;
    this.#nodes = parseTemplate(source);
    this.#checkFunctions(this.#nodes);
  }

  /** The text for some data. @throws TemplateError */
  render(data: unknown): string {
    const run = new Run(this.#source, this.#options, data);
    run.nodes(this.#nodes, data, run.root);
    return run.out;
  }

  /** An unknown function is an error before anything is printed. */
  #checkFunctions(nodes: readonly Node[]): void {
    const pipe = (p: Pipe) => {
      for (const operand of p.calls.flat()) {
        if (operand.kind === 'chain' && typeof operand.base === 'object' && 'pipe' in operand.base) {
          pipe(operand.base.pipe);
        }
        if (operand.kind !== 'function' || operand.name === 'and' || operand.name === 'or') continue;
        if (!Object.hasOwn(this.#options.functions ?? {}, operand.name) && !Object.hasOwn(FUNCTIONS, operand.name)) {
          throw new TemplateError(`template: :1: function ${JSON.stringify(operand.name)} not defined`);
        }
      }
    };
    for (const node of nodes) {
      if ('pipe' in node) pipe(node.pipe);
      if ('body' in node) {
        this.#checkFunctions(node.body);
        this.#checkFunctions(node.otherwise);
      }
    }
  }
}

/** Variables of one block; those of the blocks around it show through. */
class Scope {
  readonly #values = new Map<string, unknown>();
  readonly #outer: Scope | undefined;
  constructor(outer?: Scope) {
    this.#outer = outer;
  }
  declare(name: string, value: unknown): void {
    this.#values.set(name, value);
  }
  #holder(name: string): Scope | undefined {
    if (this.#values.has(name)) return this;
    return this.#outer === undefined ? undefined : this.#outer.#holder(name);
  }
  assign(name: string, value: unknown): void {
    this.#holder(name)?.declare(name, value);
  }
  get(name: string): unknown {
    const holder = this.#holder(name);
    if (!holder) throw new Error(`undefined variable ${JSON.stringify(name)}`);
    return holder.#values.get(name);
  }
}

/** One rendering. */
class Run {
  out = '';
  readonly root = new Scope();
  readonly #source: string;
  readonly #options: TemplateOptions;

  constructor(source: string, options: TemplateOptions, data: unknown) {
    this.#source = source;
    this.#options = options;
    this.root.declare('$', data);
  }

  nodes(nodes: readonly Node[], dot: unknown, scope: Scope): void {
    for (const node of nodes) this.#node(node, dot, scope);
  }

  #node(node: Node, dot: unknown, scope: Scope): void {
    switch (node.kind) {
      case 'text':
        this.out += node.text;
        return;
      case 'print': {
        const value = this.#pipe(node.pipe, dot, scope);
        if (node.pipe.variables.length === 0) this.out += format(value);
        return;
      }
      case 'break':
      case 'continue':
        throw LOOP[node.kind];
      case 'range':
        this.#range(node, dot, scope);
        return;
      default: {
        const inner = new Scope(scope);
        const value = this.#pipe(node.pipe, dot, inner);
        if (truth(value)) this.nodes(node.body, node.kind === 'with' ? value : dot, inner);
        else this.nodes(node.otherwise, dot, inner);
      }
    }
  }

  #range(node: Extract<Node, { body: Node[] }>, dot: unknown, scope: Scope): void {
    const { variables } = node.pipe;
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot, scope);
    const entries = this.#entries(value);
    if (entries.length === 0) this.nodes(node.otherwise, dot, new Scope(scope));
    for (const [key, element] of entries) {
      const inner = new Scope(scope);
      if (variables.length === 1) inner.declare(variables[0]!, element);
      if (variables.length === 2) {
        inner.declare(variables[0]!, key);
        inner.declare(variables[1]!, element);
      }
      try {
        this.nodes(node.body, element, inner);
      } catch (signal) {
        if (signal === LOOP.break) return;
        if (signal !== LOOP.continue) throw signal;
      }
    }
  }

  /** Maps are walked through in the order of their keys. */
  #entries(value: unknown): [unknown, unknown][] {
    if (Array.isArray(value)) return [...value.entries()];
    if (typeof value === 'number') return Array.from({ length: value }, (_, i) => [i, i]);
    if (isMap(value)) return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    if (value === null || value === undefined || value instanceof TypedNull) return [];
    throw new TemplateError(`template: :1: range can't iterate over ${format(value)}`);
  }

  #pipe(pipe: Pipe, dot: unknown, scope: Scope): unknown {
    let value: unknown;
    pipe.calls.forEach((call, i) => {
      value = this.#call(call, dot, scope, i > 0 ? [value] : []);
    });
    for (const name of pipe.variables) {
      if (pipe.assign) scope.assign(name, value);
      else scope.declare(name, value);
    }
    return value;
  }

  #call(call: Call, dot: unknown, scope: Scope, piped: readonly unknown[]): unknown {
    const [first, ...rest] = call as [Operand, ...Operand[]];
    try {
      // These two stop at the first operand that decides.
      if (first.kind === 'function' && (first.name === 'and' || first.name === 'or')) {
        return this.#decide(first.name === 'or', rest, dot, scope, piped);
      }
      const args = () => [...rest.map((operand) => this.#operand(operand, dot, scope)), ...piped];
      if (first.kind === 'function') {
        const override = this.#options.functions?.[first.name];
        return (override ?? FUNCTIONS[first.name]!)(...args());
      }
      const value = this.#operand(first, dot, scope, true);
      if (typeof value === 'function') return (value as Method)(...args());
      if (rest.length > 0 || piped.length > 0) throw new Error(`can't give argument to non-function ${first.text}`);
      return value;
    } catch (error) {
      throw this.#located(error, first);
    }
  }

  #decide(stopAt: boolean, rest: readonly Operand[], dot: unknown, scope: Scope, piped: readonly unknown[]): unknown {
    let value: unknown;
    for (const operand of rest) {
      value = this.#operand(operand, dot, scope);
      if (truth(value) === stopAt) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: unknown, scope: Scope, callable = false): unknown {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'literal':
        return operand.value;
      case 'function':
        return this.#call([operand], dot, scope, []);
    }
    const { base } = operand;
    let value =
      base === 'dot' ? dot : 'variable' in base ? scope.get(base.variable) : this.#pipe(base.pipe, dot, scope);
    try {
      operand.fields.forEach((name, i) => {
        value = (this.#options.field ?? strictField)(value, name, operand.fields.slice(0, i));
      });
    } catch (error) {
      throw this.#located(error, operand);
    }
    return typeof value === 'function' && !callable ? (value as Method)() : value;
  }

  /** Puts the place in the template before an error's message, as Go does. */
  #located(error: unknown, operand: Operand): unknown {
    if (!(error instanceof Error) || error instanceof TemplateError) return error;
    const before = this.#source.slice(0, operand.at).split('\n');
    const name = this.#options.name ?? '';
    return new TemplateError(
      `template: ${name}:${before.length}:${before.at(-1)!.length}: executing ${JSON.stringify(name)} at <${operand.text}>: ${error.message}`,
    );
  }
}
