/*
 * Signals that we get and the container is to have. Not among them: what cannot be caught, what says something about
 * ourselves only (SIGCHLD, SIGPIPE), and what Node keeps (SIGPROF).
 */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGIO',
  'SIGPWR',
];

/** Passes signals on from its making to `stop`. Those that come before `open` wait for it: there is nobody to get them. */
export class SignalRelay {
  readonly #forward: (signal: string) => void;
  readonly #listener = (signal: NodeJS.Signals) => this.#take(signal);
  #held: string[] | undefined = [];

  constructor(forward: (signal: string) => void) {
    this.#forward = forward;
    for (const signal of FORWARDED) process.on(signal, this.#listener);
  }

  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const signal of held) this.#forward(signal);
  }

  stop(): void {
    for (const signal of FORWARDED) process.off(signal, this.#listener);
  }

  #take(signal: string): void {
    if (this.#held) this.#held.push(signal);
    else this.#forward(signal);
  }
}
