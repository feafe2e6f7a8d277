import { UsageError } from '../errors.js';

/** A flag of a command. `T` is what its value is kept as. */
export interface Flag<T> {
  /** One letter, when there is a short form. */
  short?: string | undefined;
  /** The word for the value in the help; empty for a switch. */
  type: string;
  help: string;
  /** Before it is given. */
  initial: T;
  /** What it is when given without a value: switches only. */
  bare?: string;
  hidden?: boolean;
  /** The value after it is given once more. @throws Error with what is wrong about `text` */
  add(before: T, text: string): T;
}

// biome-ignore lint/suspicious/noExplicitAny: a set holds flags of any type
export type FlagSet = Readonly<Record<string, Flag<any>>>;

/** The values of a set of flags, by name. */
export type Values<F extends FlagSet> = { [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

export interface Parsed<F extends FlagSet> {
  values: Values<F>;
  args: string[];
  /** The names that were really given, to tell `--flag=default` from nothing. */
  given: ReadonlySet<string>;
}

/** Reads flags the way Docker's commands do: `--name value`, `--name=value`, `-abc`, `-n5`, `-n=5`, `--` ends them. */
class Reader<F extends FlagSet> {
  readonly args: string[] = [];
  readonly given = new Set<string>();
  readonly values: Record<string, unknown> = {};
  readonly #flags: F;
  readonly #argv: readonly string[];
  readonly #interspersed: boolean;
  #at = 0;

  constructor(flags: F, argv: readonly string[], interspersed: boolean) {
    this.#flags = flags;
    this.#argv = argv;
    this.#interspersed = interspersed;
    for (const [name, flag] of Object.entries(flags)) this.values[name] = flag.initial;
  }

  read(): void {
    while (this.#at < this.#argv.length) {
      const word = this.#argv[this.#at++]!;
      if (word === '--') this.#rest();
      else if (word.startsWith('--')) this.#long(word);
      else if (word.startsWith('-') && word !== '-') this.#short(word);
      else {
        this.args.push(word);
        // What follows the first argument belongs to the command inside the container.
        if (!this.#interspersed) this.#rest();
      }
    }
  }

  #rest(): void {
    this.args.push(...this.#argv.slice(this.#at));
    this.#at = this.#argv.length;
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const flag = Object.hasOwn(this.#flags, name) ? this.#flags[name]! : undefined;
    if (name === '' || name.startsWith('-')) throw new UsageError(`bad flag syntax: ${word}`);
    if (!flag) throw new UsageError(`unknown flag: --${name}`);
    if (equals >= 0) this.#set(name, word.slice(equals + 1));
    else if (flag.bare !== undefined) this.#set(name, flag.bare);
    else this.#set(name, this.#next(`flag needs an argument: --${name}`));
  }

  #short(word: string): void {
    for (let i = 1; i < word.length; i++) {
      const letter = word[i]!;
      const found = Object.entries(this.#flags).find(([, flag]) => flag.short === letter);
      if (!found) throw new UsageError(`unknown shorthand flag: '${letter}' in -${word.slice(i)}`);
      const [name, flag] = found;
      if (word[i + 1] === '=') {
        this.#set(name, word.slice(i + 2));
        return;
      }
      if (flag.bare !== undefined) {
        this.#set(name, flag.bare);
        continue;
      }
      const value =
        i + 1 < word.length
          ? word.slice(i + 1)
          : this.#next(`flag needs an argument: '${letter}' in -${word.slice(i)}`);
      this.#set(name, value);
      return;
    }
  }

  #next(missing: string): string {
    const value = this.#argv[this.#at++];
    if (value === undefined) throw new UsageError(missing);
    return value;
  }

  #set(name: string, text: string): void {
    const flag = this.#flags[name]!;
    this.given.add(name);
    try {
      this.values[name] = flag.add(this.values[name], text);
    } catch (error) {
      const shown = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`;
      throw new UsageError(`invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${(error as Error).message}`);
    }
  }
}

/**
 * Takes flags and arguments apart.
 * @param interspersed whether flags may follow arguments; not so for commands that carry another command
 * @throws UsageError
 */
export function parseFlags<F extends FlagSet>(flags: F, argv: readonly string[], interspersed = true): Parsed<F> {
  const reader = new Reader(flags, argv, interspersed);
  reader.read();
  return { values: reader.values as Values<F>, args: reader.args, given: reader.given };
}
