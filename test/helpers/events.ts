import type { IncomingMessage } from 'node:http';
import type { ApiClient, Query } from './api.js';
import type { Event } from './types.js';
import { within } from './until.js';

/** The events of an engine from now on, as they come. */
export class Events {
  readonly seen: Event[] = [];
  readonly #leave = new AbortController();
  #look = () => {};

  /** Resolves when the engine listens: what happens from then on is not missed. */
  static async listen(api: ApiClient, filters: Record<string, string[]> = {}, query: Query = {}): Promise<Events> {
    const events = new Events();
    const response: IncomingMessage = await api.open('GET', '/events', {
      query: { filters: JSON.stringify(filters), ...query },
      signal: events.#leave.signal,
    });
    let rest = '';
    response.on('error', () => {});
    response.on('data', (data: Buffer) => {
      const lines = (rest + data.toString()).split('\n');
      rest = lines.pop()!;
      events.seen.push(...lines.filter(Boolean).map((line) => JSON.parse(line) as Event));
      events.#look();
    });
    return events;
  }

  actions(): string[] {
    return this.seen.map(({ Action }) => Action);
  }

  /** Resolves when so many events of an action have come. */
  count(action: string, times = 1): Promise<Event[]> {
    const found = new Promise<Event[]>((resolve) => {
      this.#look = () => this.seen.filter(({ Action }) => Action === action).length >= times && resolve(this.seen);
      this.#look();
    });
    return within(`the event ${action}, ${times} times; there are ${this.actions()}`, found);
  }

  leave(): void {
    this.#leave.abort();
  }
}

/** What has happened to one container so far, as actions in order. */
export async function actionsOf(api: ApiClient, id: string): Promise<string[]> {
  const filters = JSON.stringify({ container: [id], type: ['container'] });
  const reply = await api.get('/events', { since: 0, until: (Date.now() / 1000 + 1).toFixed(3), filters });
  const events = reply.text.split('\n').filter(Boolean);
  return events.map((line) => (JSON.parse(line) as Event).Action);
}
