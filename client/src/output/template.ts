import { CommandError } from '../errors.js';
import { fault, type Node, type Pipe, parseTemplate, type Term } from './template-parse.js';

const failure = (message: string) => new CommandError(`template: ${message}`, 1);

/** A value as Go's fmt prints it. */
export function print(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(print).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([k, v]) => `${k}:${print(v)}`).join(' ')}]`;
  }
  return String(value);
}

function truth(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function item(of: unknown, key: unknown): unknown {
  if (of === null || of === undefined) return undefined;
  if (typeof of === 'string') return of.charCodeAt(Number(key));
  if (Array.isArray(of)) {
    if (Number(key) >= of.length) throw failure(`error calling index: index out of range: ${key}`);
    return of[Number(key)];
  }
  return (of as Record<string, unknown>)[String(key)] ?? '';
}

function format(pattern: string, args: unknown[]): string {
  let at = 0;
  return pattern.replace(
    /%(-?)(\d*)(?:\.(\d+))?([svdqft%])/g,
    (_, left: string, width: string, digits: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const value = args[at++];
      const text =
        verb === 'q'
          ? JSON.stringify(print(value))
          : verb === 'f'
            ? Number(value).toFixed(Number(digits ?? 6))
            : print(value);
      return left ? text.padEnd(Number(width)) : text.padStart(Number(width));
    },
  );
}

/** The functions that docker's formats have (text/template's, and docker's own). */
const FUNCTIONS: Record<string, (...args: never[]) => unknown> = {
  json: (value: unknown) => JSON.stringify(value ?? null),
  join: (list: unknown[] | null, separator: string) => (list ?? []).map(print).join(separator),
  split: (text: string, separator: string) => text.split(separator),
  lower: (text: unknown) => print(text).toLowerCase(),
  upper: (text: unknown) => print(text).toUpperCase(),
  title: (text: unknown) => print(text).replace(/\b\w/g, (c) => c.toUpperCase()),
  pad: (text: string, before: number, after: number) => (text ? ' '.repeat(before) + text + ' '.repeat(after) : text),
  truncate: (text: string, length: number) => text.slice(0, length),
  println: (...args: unknown[]) => `${args.map(print).join(' ')}\n`,
  print: (...args: unknown[]) => args.map(print).join(''),
  printf: (pattern: string, ...args: unknown[]) => format(pattern, args),
  len: (of: unknown) => (Array.isArray(of) || typeof of === 'string' ? of.length : Object.keys(of ?? {}).length),
  index: (of: unknown, ...keys: unknown[]) => keys.reduce(item, of),
  slice: (of: string | unknown[], from = 0, to?: number) => of.slice(from, to),
  not: (value: unknown) => !truth(value),
  and: (...args: unknown[]) => args.find((a) => !truth(a)) ?? args.at(-1),
  or: (...args: unknown[]) => args.find(truth) ?? args.at(-1),
  eq: (a: unknown, ...others: unknown[]) => others.some((b) => a === b),
  ne: (a: unknown, b: unknown) => a !== b,
  lt: (a: number, b: number) => a < b,
  le: (a: number, b: number) => a <= b,
  gt: (a: number, b: number) => a > b,
  ge: (a: number, b: number) => a >= b,
} as Record<string, (...args: never[]) => unknown>;

type Variables = Map<string, unknown>;

class Renderer {
  readonly #strict: boolean;

  /** Strict: an unknown field is an error, as in Go for a struct; else it prints as Go prints a map without the key. */
  constructor(strict: boolean) {
    this.#strict = strict;
  }

  nodes(nodes: Node[], dot: unknown, variables: Variables): string {
    return nodes.map((node) => this.#node(node, dot, variables)).join('');
  }

  #node(node: Node, dot: unknown, variables: Variables): string {
    if (node.kind === 'text') return node.text;
    const value = this.#pipe(node.pipe, dot, variables);
    if (node.kind === 'print') return print(value);
    if (node.kind === 'assign') {
      variables.set(node.name, value);
      return '';
    }
    if (node.kind === 'range') return this.#range(node, value, dot, variables);
    if (!truth(value)) return this.nodes(node.otherwise, dot, variables);
    const inner = node.name ? new Map(variables).set(node.name, value) : variables;
    return this.nodes(node.body, node.kind === 'with' ? value : dot, inner);
  }

  #range(node: Extract<Node, { body: Node[] }>, value: unknown, dot: unknown, variables: Variables): string {
    const entries: [unknown, unknown][] = Array.isArray(value)
      ? value.map((v, i) => [i, v])
      : Object.entries((value as object | null) ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return this.nodes(node.otherwise, dot, variables);
    return entries
      .map(([key, each]) => {
        const inner = new Map(variables);
        if (node.key) inner.set(node.key, key);
        if (node.name) inner.set(node.name, each);
        return this.nodes(node.body, each, inner);
      })
      .join('');
  }

  #pipe(pipe: Pipe, dot: unknown, variables: Variables): unknown {
    let result: unknown;
    pipe.forEach((command, i) => {
      const piped = i > 0 ? [result] : [];
      const [head, ...rest] = command;
      if (head!.kind !== 'function') {
        result = this.#term(head!, dot, variables);
        if (rest.length === 0 && piped.length === 0) return;
        if (typeof result !== 'function') throw fault(`can't give argument to non-function ${describe(head!)}`);
        result = result(...rest.map((term) => this.#term(term, dot, variables)), ...piped); // {{.Label "name"}}
        return;
      }
      const call = Object.hasOwn(FUNCTIONS, head!.name) ? FUNCTIONS[head!.name] : undefined;
      if (!call) throw fault(`function "${head!.name}" not defined`);
      const args = [...rest.map((term) => this.#term(term, dot, variables)), ...piped];
      result = call(...(args as never[]));
    });
    return result;
  }

  #term(term: Term, dot: unknown, variables: Variables): unknown {
    switch (term.kind) {
      case 'value':
        return term.value;
      case 'pipe':
        return this.#pipe(term.pipe, dot, variables);
      case 'function':
        return this.#pipe([[term]], dot, variables);
      case 'variable':
        return this.#walk(variables.get(term.name), term.path);
      case 'field':
        return this.#walk(term.of ? this.#term(term.of, dot, variables) : dot, term.path);
    }
  }

  #walk(from: unknown, path: string[]): unknown {
    let value = from;
    for (const name of path) {
      if (value === null || value === undefined) throw failure(`nil data; no entry for key "${name}"`);
      const holder = value as Record<string, unknown>;
      if (this.#strict && !(name in Object(holder))) throw failure(`can't evaluate field ${name}`);
      value = holder[name];
    }
    return value;
  }
}

function describe(term: Term): string {
  return term.kind === 'field' ? `.${term.path.join('.')}` : term.kind === 'value' ? JSON.stringify(term.value) : '$';
}

/** Compiles a template once for many values. */
export function compile(text: string, strict = false): (value: unknown) => string {
  // Shells hand over \t and \n as two characters; docker reads them as one.
  const nodes = parseTemplate(text.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
  return (value) => new Renderer(strict).nodes(nodes, value, new Map([['', value]]));
}

/** Renders one value. */
export const render = (text: string, value: unknown, strict = false): string => compile(text, strict)(value);
