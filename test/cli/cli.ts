import { type ChildProcessWithoutNullStreams, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { Engine } from '../helpers/engine.js';
import { TDCTL } from '../helpers/paths.js';
import { until, within } from '../helpers/until.js';

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
  cwd?: string;
  uid?: number;
  /** Another way to the program: a link. */
  program?: string;
}

/** A process of tdctl that runs. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  readonly #changed = new Set<() => void>();
  readonly #closed: Promise<number | null>;

  constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process;
    process.stdout.on('data', (data) => this.#take('stdout', data));
    process.stderr.on('data', (data) => this.#take('stderr', data));
    process.stdin.on('error', () => {});
    this.#closed = once(process, 'close').then(([code]) => code as number | null);
  }

  #take(stream: 'stdout' | 'stderr', data: Buffer): void {
    this[stream] += data.toString();
    for (const listener of this.#changed) listener();
  }

  /** Waits until the output holds some text. */
  async shows(text: string, from = 0): Promise<void> {
    let listener = () => {};
    const seen = new Promise<void>((resolve) => {
      listener = () => {
        if (this.stdout.indexOf(text, from) >= 0) resolve();
      };
      this.#changed.add(listener);
      listener();
    });
    const ended = this.#closed.then((code) => {
      if (this.stdout.indexOf(text, from) < 0) {
        throw new Error(`ended with ${code} before it showed ${JSON.stringify(text)}: ${this.stdout}${this.stderr}`);
      }
    });
    await within(`tdctl shows ${JSON.stringify(text)}`, Promise.race([seen, ended]));
    this.#changed.delete(listener);
  }

  /** Types some text and waits for an answer that comes after it. */
  async type(text: string, answer: string): Promise<void> {
    const from = this.stdout.length;
    this.process.stdin.write(text);
    await this.shows(answer, from);
  }

  async end(): Promise<Result> {
    const code = await within('tdctl ends', this.#closed);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** tdctl against one daemon. */
export class Cli {
  readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get socket(): string {
    return this.engine.daemon!.socket;
  }

  #environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
    const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, DOCKER_HOST: ___, ...env } = process.env;
    return { ...env, TERM: 'xterm', TINYDOCKER_HOST: `unix://${this.socket}`, ...extra };
  }

  start(args: readonly string[], options: RunOptions = {}): Running {
    const { env, cwd, uid, program = TDCTL } = options;
    const spawnOptions: SpawnOptions = {
      env: this.#environment(env),
      ...(cwd && { cwd }),
      ...(uid && { uid, gid: uid }),
    };
    return new Running(spawn(program, [...args], { ...spawnOptions, stdio: 'pipe' }));
  }

  /** Runs a command to its end. Its standard input is empty, or what `input` says. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const running = this.start(args, options);
    running.process.stdin.end(options.input ?? '');
    return running.end();
  }

  /** Runs a command line of words that have no spaces. */
  tdctl(line: string, options?: RunOptions): Promise<Result> {
    return this.run(line.split(' '), options);
  }

  /** As tdctl, for what has to succeed: gives its output without the last newline. */
  async ok(line: string | readonly string[], options?: RunOptions): Promise<string> {
    const args = typeof line === 'string' ? line.split(' ') : line;
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`tdctl ${args.join(' ')}: exit code ${code}: ${stderr}`);
    return stdout.replace(/\n$/, '');
  }

  /**
   * Runs a command in a terminal of its own, of 30 rows and 100 columns. The name of the terminal is in `ttyFile`.
   * @param after a shell command to run in the same terminal afterwards
   */
  terminal(args: readonly string[], { ttyFile = '/dev/null', after = '' } = {}): Running {
    const line = `stty rows 30 cols 100; tty > ${quote(ttyFile)}; ${[TDCTL, ...args].map(quote).join(' ')}; code=$?; ${after}
exit $code`;
    return new Running(spawn('script', ['-qefc', line, '/dev/null'], { env: this.#environment(), stdio: 'pipe' }));
  }
}

/**
 * Gives a test file its own daemon, before its first test and until after its last.
 * @param prepare what all tests of the file find there
 */
export function withDaemon(
  prepare?: (cli: Cli) => Promise<void>,
  options?: Parameters<typeof Engine.open>[0],
): () => Cli {
  let cli: Cli | undefined;
  before(async () => {
    cli = new Cli(await Engine.open(options));
    await prepare?.(cli);
  });
  after(async () => {
    if (cli === undefined) return;
    await removeAll(cli);
    await cli.engine.close();
  });
  return () => cli!;
}

/** Removes what the tests of a file have left. */
async function removeAll(cli: Cli): Promise<void> {
  if (cli.engine.daemon?.running !== true) return;
  const ids = (await cli.ok('ps -aq')).split('\n').filter(Boolean);
  if (ids.length > 0) await cli.ok(['rm', '-f', ...ids]);
}

/** Waits until a file has some content. */
export const fileContent = (path: string): Promise<string> =>
  until(`${path} is written`, () => {
    try {
      return readFileSync(path, 'utf8').trim() || undefined;
    } catch {
      return undefined;
    }
  });
