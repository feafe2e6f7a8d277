import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './api.js';
import { sweep } from './host-state.js';
import type { NetworkNamespace } from './netns.js';
import { DAEMON } from './paths.js';
import { DEADLINE_MS, until, within } from './until.js';

export interface DaemonOptions {
  /** Further flags. */
  args?: string[];
  env?: Record<string, string>;
  /** Where everything lasting goes: a directory of the caller's own; a new one by default. */
  dataRoot?: string;
  /** How many descriptors it may have open. */
  descriptors?: number;
  /** Words before the daemon's own command line, which execute it in the end. */
  enter?: string[];
  /** Content of the configuration file. */
  config?: object;
  /** The network namespace to live in. Without one there is no default network: the machine's own stays as it is. */
  network?: NetworkNamespace;
}

/** A test runner ends what takes too long with a signal: that too has to run the exit handlers. */
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/**
 * A real tinydockerd on roots of its own. The names are unique, so that any number run side by side; what it
 * leaves behind is swept away at the end, also when the test process dies early.
 */
export class TestDaemon {
  readonly execRoot = mkdtempSync('/run/tdt-');
  readonly home = mkdtempSync(join(tmpdir(), 'tdt-'));
  readonly dataRoot: string;
  readonly socket: string;
  readonly pidfile: string;
  readonly api: ApiClient;
  /** The name that everything bears which this daemon makes in the kernel. */
  readonly instance: string;
  readonly #options: DaemonOptions;
  #process: ChildProcess | undefined;

  private constructor(options: DaemonOptions) {
    this.#options = options;
    this.dataRoot = options.dataRoot ?? join(this.home, 'data');
    this.socket = join(this.execRoot, 'td.sock');
    this.pidfile = join(this.execRoot, 'td.pid');
    this.api = new ApiClient(this.socket);
    this.instance = `tinydocker-${createHash('sha256').update(this.dataRoot).digest('hex').slice(0, 8)}`;
    mkdirSync(this.dataRoot, { recursive: true });
    writeFileSync(join(this.home, 'daemon.json'), JSON.stringify(options.config ?? {}));
  }

  /** Starts a daemon and waits until it answers. */
  static async start(options: DaemonOptions = {}): Promise<TestDaemon> {
    const daemon = new TestDaemon(options);
    process.once('exit', daemon.#atExit);
    try {
      await daemon.launch();
    } catch (error) {
      await daemon.close();
      throw error;
    }
    return daemon;
  }

  /** Prepares the directories only: for tests of starts that fail. */
  static prepare(options: DaemonOptions = {}): TestDaemon {
    const daemon = new TestDaemon(options);
    process.once('exit', daemon.#atExit);
    return daemon;
  }

  readonly #atExit = () => {
    this.#process?.kill('SIGKILL');
    sweep(this);
    this.#removeFiles();
  };

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined || !this.running) throw new Error('the daemon does not run');
    return pid;
  }

  get running(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** What it has written on its standard error and output, over all its lives. */
  get log(): string {
    return readFileSync(join(this.home, 'daemon.log'), 'utf8');
  }

  get network(): NetworkNamespace | undefined {
    return this.#options.network;
  }

  get flags(): string[] {
    return [
      ...['-H', `unix://${this.socket}`, '--data-root', this.dataRoot, '--exec-root', join(this.execRoot, 'x')],
      ...['--pidfile', this.pidfile, '--config-file', join(this.home, 'daemon.json'), ...(this.#options.args ?? [])],
      ...(this.#options.network ? [] : ['--bridge', 'none']),
    ];
  }

  /** Starts the process and waits for its socket to answer. Rejects with its log when it ends instead. */
  async launch(env: Record<string, string> = {}): Promise<void> {
    const log = openSync(join(this.home, 'daemon.log'), 'a');
    // The socket's directory tells when the socket comes into being; before listen(2) a connection is refused, and the
    // next look finds it.
    const appeared = watch(this.execRoot);
    try {
      const { descriptors } = this.#options;
      const limited = descriptors === undefined ? [] : ['prlimit', `--nofile=${descriptors}`];
      const { enter = [], network } = this.#options;
      const [program, ...words] = [...enter, ...(network?.enter ?? []), ...limited, DAEMON, ...this.flags];
      const child = spawn(program!, words, {
        stdio: ['ignore', log, log],
        env: { ...cleanEnvironment(), ...this.#options.env, ...env },
      });
      this.#process = child;
      const ended = once(child, 'exit').then(([code, signal]) => {
        throw new Error(`the daemon ended at its start (${signal ?? code}):\n${this.log.slice(-4000)}`);
      });
      ended.catch(() => {});
      const answers = () => canConnect(this.socket);
      const first = new Promise<void>((resolve) => appeared.once('change', () => resolve()));
      await within('the socket of the daemon', Promise.race([first, ended]));
      await Promise.race([until('the daemon answers on its socket', answers), ended]);
    } finally {
      appeared.close();
      closeSync(log);
    }
  }

  /** The daemon dies without a chance to say anything; its containers go on. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks the daemon to end; resolves to its exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async restart(env: Record<string, string> = {}): Promise<void> {
    if (this.running) await this.stop();
    await this.launch(env);
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || !this.running) return child?.exitCode ?? null;
    const exit = once(child, 'exit');
    child.kill(signal);
    await within(`the daemon's end after ${signal}`, exit, DEADLINE_MS);
    return child.exitCode;
  }

  /** Ends the daemon and removes all there is, by force where it must. Gives what had to be forced away. */
  async close(): Promise<string[]> {
    const failures: string[] = [];
    await this.stop().catch(async (error: Error) => {
      failures.push(error.message);
      await this.#end('SIGKILL');
    });
    failures.push(...sweep(this));
    this.#removeFiles();
    process.off('exit', this.#atExit);
    return failures;
  }

  #removeFiles(): void {
    for (const directory of [this.execRoot, this.home]) rmSync(directory, { recursive: true, force: true });
  }
}

/** This process's environment without what steers a daemon. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const drop = /^(TINYDOCKER_|DOCKER_|LISTEN_|NOTIFY_SOCKET|NODE_TEST_CONTEXT|NODE_OPTIONS)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !drop.test(name)));
}

function canConnect(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(socket);
    connection.on('connect', () => resolve(true));
    connection.on('error', () => resolve(false));
    connection.on('close', () => connection.destroy());
    connection.on('connect', () => connection.end());
  });
}
