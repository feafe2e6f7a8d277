import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Order } from './agent-process.js';

type Answer = { text?: string; error?: string };
type Protocol = Order['protocol'];

/** A program in a network namespace, of a machine or of a container, that listens and connects. */
export class Agent {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  /** @param namespace a file that is one: /run/netns/NAME, /proc/PID/ns/net */
  constructor(namespace: string) {
    const program = [process.execPath, join(import.meta.dirname, 'agent-process.js')];
    this.#process = spawn('nsenter', [`--net=${namespace}`, ...program], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(this.#process.stdout!).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as Answer & { id: number };
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    this.#process.on('exit', () => {
      for (const resolve of this.#waiting.values()) resolve({ error: 'GONE' });
    });
  }

  #ask(order: Omit<Order, 'id'>): Promise<Answer> {
    const id = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#process.stdin!.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }

  /** Listens from now on and tells whoever comes `name` and by what address it was seen. */
  async listen(name: string, port: number, protocol: Protocol = 'tcp', address = '::'): Promise<void> {
    const { error } = await this.#ask({ do: 'listen', name, port, protocol, address });
    assert.equal(error, undefined, `${name} listens on port ${port}`);
  }

  /** What it is told there, or why nothing: TIMEOUT, ECONNREFUSED... */
  async connect(address: string, port: number, protocol: Protocol = 'tcp'): Promise<string> {
    const { text, error } = await this.#ask({ do: 'connect', address, port, protocol });
    return text ?? error ?? '';
  }

  /** Ends it, and waits until its ports are free. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
