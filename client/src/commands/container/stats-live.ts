import type { ContainerSummary } from '@tinydocker/shared/api/containers.js';
import type { EventMessage } from '@tinydocker/shared/api/events.js';
import type { ContainerStats } from '@tinydocker/shared/api/stats.js';
import { encodeFilters } from '@tinydocker/shared/filters.js';
import type { Reply } from '../../api/connection.js';
import type { Engine } from '../../api/engine.js';
import { parseJson } from '../../api/json.js';
import { containerPath } from '../../api/paths.js';
import type { StatsRow } from './stats-row.js';

/** Calls `take` with every JSON value of an answer that has one a line. */
export async function eachValue<T>(reply: Reply, take: (value: T) => void): Promise<void> {
  let rest = '';
  const decoder = new TextDecoder();
  await reply.each((chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== '') take(parseJson<T>(line));
  });
}

/** The containers that are watched, in the order in which they came, each with its latest numbers. */
export class LiveStats {
  readonly #engine: Engine;
  readonly #rows = new Map<string, StatsRow>();
  readonly #ended: Promise<void>[] = [];
  /** Called when there is something new to show. */
  changed = () => {};

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get rows(): StatsRow[] {
    return [...this.#rows.values()];
  }

  /** Whether every container has been heard of once. */
  get complete(): boolean {
    return this.rows.every(({ stats }) => stats !== undefined);
  }

  /** Begins to watch. @throws ApiError where there is no such container */
  async add(container: string, id = '', name = ''): Promise<void> {
    if (this.#rows.has(container)) return;
    const row: StatsRow = { container, id, name, stats: undefined };
    this.#rows.set(container, row);
    const reply = await this.#engine.open('GET', containerPath(container, '/stats'), { query: { stream: 1 } });
    const ended = eachValue<ContainerStats>(reply, (stats) => {
      row.stats = stats;
      row.id = stats.id ?? row.id;
      row.name = stats.name?.replace(/^\//, '') ?? row.name;
      this.changed();
    });
    const watched = ended.finally(() => this.remove(container));
    watched.catch(() => {}); // told by ended()
    this.#ended.push(watched);
  }

  remove(container: string): void {
    if (this.#rows.delete(container)) this.changed();
  }

  /** Resolves when none is left of those that have been added so far. @throws ConnectionError when the daemon is gone */
  async ended(): Promise<void> {
    await Promise.all(this.#ended);
  }

  /** Watches all containers (that run), and those to come. Resolves when the daemon ends it. */
  async follow(all: boolean): Promise<void> {
    const filters = encodeFilters({ type: ['container'], event: ['create', 'start', 'die', 'destroy'] });
    const events = await this.#engine.open('GET', '/events', { query: { filters } });
    const list = await this.#engine.get<ContainerSummary[]>('/containers/json', { all });
    // One that is removed meanwhile is none.
    const add = (id: string, name = '') => this.add(id, id, name).catch(() => this.remove(id));
    await Promise.all(list.map(({ Id, Names }) => add(Id, Names?.[0]?.replace(/^\//, ''))));
    await eachValue<EventMessage>(events, ({ Action, Actor }) => {
      if (Action === 'start' || (all && Action === 'create')) void add(Actor.ID, Actor.Attributes?.name);
      else if (Action === 'destroy' || (!all && Action === 'die')) this.remove(Actor.ID);
    });
  }
}
