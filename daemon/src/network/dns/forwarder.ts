import { type Attempt, askByTcp, askByUdp, type Cancel } from './attempt.js';
import { rcodeOf } from './matching.js';
import { type Query, RCODE } from './query.js';

/** Whom to ask, and from where. */
export interface Upstream {
  readonly servers: readonly string[];
  /** A socket in the network namespace to ask from; ours where there is none. */
  readonly beside?: number | undefined;
}

export interface ForwardSettings {
  readonly port: number;
  /** Questions that are open at a time: of one container, and of all. Each has a socket. */
  readonly each: number;
  readonly all: number;
  /** ms until the next server is asked as well, and from then on until the question is given up. */
  readonly patience: number;
  readonly end: number;
}

// A client asks again after five seconds: by then it has been answered, or told that there is no answer.
const SETTINGS: ForwardSettings = { port: 53, each: 256, all: 1024, patience: 1000, end: 4000 };
/** ms for which a server that has kept silent is asked last. */
const SILENT_FOR = 30_000;

/** Answers that say more of the server than of the name: another may know better. */
const isFailure = (answer: Buffer): boolean => {
  const rcode = rcodeOf(answer);
  return rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN;
};

/** Asks servers elsewhere for what we do not know. */
export class Forwarder {
  readonly #settings: ForwardSettings;
  readonly #open = new Map<string, number>();
  readonly #silent = new Map<string, number>();
  #all = 0;

  constructor(settings: Partial<ForwardSettings> = {}) {
    this.#settings = { ...SETTINGS, ...settings };
  }

  /** Whether one more question of a container may be open; if so, it is counted. */
  #enter(asker: string): boolean {
    const own = this.#open.get(asker) ?? 0;
    if (own >= this.#settings.each || this.#all >= this.#settings.all) return false;
    this.#open.set(asker, own + 1);
    this.#all += 1;
    return true;
  }

  #leave(asker: string): void {
    const own = (this.#open.get(asker) ?? 1) - 1;
    if (own > 0) this.#open.set(asker, own);
    else this.#open.delete(asker);
    this.#all -= 1;
  }

  #ordered(servers: readonly string[]): string[] {
    const now = Date.now();
    const silent = (server: string) => (this.#silent.get(server) ?? 0) > now;
    return [...servers.filter((server) => !silent(server)), ...servers.filter(silent)];
  }

  /**
   * The first useful answer; else one that is an error; undefined where there was none at all, or too many questions are open. A
   * server that does not answer soon is not waited for alone: the next is asked beside it.
   */
  forward(asker: string, query: Query, by: 'udp' | 'tcp', upstream: Upstream): Promise<Buffer | undefined> {
    const servers = this.#ordered(upstream.servers);
    if (servers.length === 0 || !this.#enter(asker)) return Promise.resolve(undefined);
    const attempt = by === 'udp' ? askByUdp : askByTcp;
    return this.#race(attempt, query, servers, upstream.beside).finally(() => this.#leave(asker));
  }

  #race(
    attempt: Attempt,
    query: Query,
    servers: readonly string[],
    beside: number | undefined,
  ): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const running = new Map<string, Cancel>();
      let next = 0;
      let failure: Buffer | undefined;
      let timer: NodeJS.Timeout | undefined;

      const finish = (answer: Buffer | undefined) => {
        clearTimeout(timer);
        for (const cancel of running.values()) cancel();
        running.clear();
        resolve(answer);
      };
      const answered = (server: string, answer: Buffer | undefined) => {
        running.delete(server);
        if (answer) this.#silent.delete(server);
        if (answer && !isFailure(answer)) finish(answer);
        else {
          failure ??= answer;
          if (next < servers.length) askNext();
          else if (running.size === 0) finish(failure);
        }
      };
      const late = () => {
        const until = Date.now() + SILENT_FOR;
        for (const server of running.keys()) this.#silent.set(server, until);
        if (next < servers.length) askNext();
        else finish(failure);
      };
      const askNext = () => {
        const server = servers[next++]!;
        clearTimeout(timer);
        timer = setTimeout(late, next < servers.length ? this.#settings.patience : this.#settings.end);
        running.set(
          server,
          attempt(query, { address: server, port: this.#settings.port }, beside, (answer) => answered(server, answer)),
        );
      };
      askNext();
    });
  }
}
