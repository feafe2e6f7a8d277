import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Question, Reply } from './dns-program.js';
import type { NetworkNamespace } from './netns.js';
import { until, within } from './until.js';

const PROGRAM = join(import.meta.dirname, 'dns-program.js');

const run = (enter: readonly string[], ...args: string[]): ChildProcess => {
  const [program, ...rest] = [...enter, process.execPath, PROGRAM, ...args];
  return spawn(program!, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
};

/** Who asks for names in the network namespace of a process. */
export class Asker {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(pid: number, server = '127.0.0.11') {
    this.#child = run(['nsenter', '-t', String(pid), '-n'], 'ask', server);
    this.#answers = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  async ask(name: string, more: Omit<Question, 'name'> = {}): Promise<Reply> {
    this.#child.stdin!.write(`${JSON.stringify({ name, ...more })}\n`);
    const { value } = await within(`the answer to ${name}`, this.#answers.next());
    if (value === undefined) throw new Error(`no answer to ${name}`);
    return JSON.parse(value) as Reply;
  }

  /** The addresses that a name has. */
  async addresses(name: string): Promise<string[]> {
    return (await this.ask(name)).answers;
  }

  close(): void {
    this.#child.kill();
  }
}

/** A name server that belongs to a machine (dns-program.ts says what it knows). */
export class OutsideServer {
  readonly #child: ChildProcess;
  /** The names that it has been asked for. */
  readonly asked: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    createInterface(child.stdout!).on('line', (line) => this.asked.push(line));
  }

  static async start(network: NetworkNamespace, ...addresses: string[]): Promise<OutsideServer> {
    const server = new OutsideServer(run(network.enter, 'serve', ...addresses));
    await until('the name server is there', () => server.asked.includes('ready'));
    server.asked.length = 0;
    return server;
  }

  close(): void {
    this.#child.kill();
  }
}
