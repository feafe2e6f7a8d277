/*
 * What `ARG` declares: who sees which argument, and what it is.
 */

/** Arguments that every build may be given without declaring them; they are no part of what the cache knows. */
const PREDEFINED = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** os/architecture[/variant] as arguments whose names begin with a prefix. */
function platformArguments(prefix: string, platform: string): [string, string][] {
  const [os = 'linux', architecture = '', variant = ''] = platform.split('/');
  const values = { PLATFORM: platform, OS: os, ARCH: architecture, VARIANT: variant };
  return Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]);
}

/** The arguments that are given to a build, and those declared before the first stage. */
export class GlobalArguments {
  readonly #given: ReadonlyMap<string, string>;
  readonly #declared = new Map<string, string>();
  readonly #platform: ReadonlyMap<string, string>;
  readonly #used = new Set<string>();

  constructor(given: ReadonlyMap<string, string>, host: string, target: string, stage: string) {
    this.#given = given;
    this.#platform = new Map([
      ...platformArguments('BUILD', host),
      ...platformArguments('TARGET', target),
      ['TARGETSTAGE', stage || 'default'],
    ]);
  }

  /** What was given for a name; it counts as used from now on. */
  given(name: string): string | undefined {
    if (this.#given.has(name)) this.#used.add(name);
    return this.#given.get(name);
  }

  declare(name: string, value: string | undefined): void {
    const known = this.given(name) ?? value;
    if (known !== undefined) this.#declared.set(name, known);
  }

  /** Outside of stages: for the names of images. */
  lookup(name: string): string | undefined {
    return this.#declared.get(name) ?? this.#given.get(name) ?? this.#platform.get(name);
  }

  /** What a stage that declares the name without a value gets. */
  default(name: string): string | undefined {
    return this.#declared.get(name) ?? this.#platform.get(name);
  }

  /** Proxies that were given: every command sees them. */
  get predefined(): [string, string][] {
    return [...this.#given].filter(([name]) => PREDEFINED.includes(name));
  }

  /** Names that nobody has asked for. */
  get unused(): string[] {
    return [...this.#given.keys()].filter((name) => !this.#used.has(name) && !PREDEFINED.includes(name)).sort();
  }
}

/** The arguments of one stage, from its beginning or that of the stage that it goes on with. */
export class StageArguments {
  readonly #global: GlobalArguments;
  readonly #declared: Map<string, string | undefined>;

  constructor(global: GlobalArguments, inherited?: StageArguments) {
    this.#global = global;
    this.#declared = new Map(inherited ? inherited.#declared : []);
  }

  /** @returns what it stands for; undefined: nothing */
  declare(name: string, value: string | undefined): string | undefined {
    const known = this.#global.given(name) ?? value ?? this.#global.default(name);
    this.#declared.set(name, known);
    return known;
  }

  lookup(name: string): string | undefined {
    return this.#declared.get(name);
  }

  /** What a command sees and the cache knows: all that are declared and stand for something, sorted. */
  get values(): [string, string][] {
    const set = [...this.#declared].filter((one): one is [string, string] => one[1] !== undefined);
    return set.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** What a command sees and the cache does not know. */
  get hidden(): [string, string][] {
    return this.#global.predefined.filter(([name]) => !this.#declared.has(name));
  }
}
