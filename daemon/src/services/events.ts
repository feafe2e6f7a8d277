import type { EventMessage, EventType } from '@tinydocker/shared/api/events.js';
import { type Filters, matchesFilter, matchesLabels } from '@tinydocker/shared/filters.js';
import { compareTime, type UnixTime } from '@tinydocker/shared/units.js';

/** How many past events are kept. */
const HISTORY = 1024;

export type EventListener = (event: EventMessage) => void;

/** Tells whoever listens what happens to containers, images and the rest, and remembers the latest of it. */
export class EventBus {
  readonly #listeners = new Set<EventListener>();
  readonly #history: EventMessage[] = [];
  #lastNanos = 0;

  publish(type: EventType, action: string, id: string, attributes: Record<string, string>): void {
    const timeNano = this.#now();
    const old = type === 'container' || type === 'image';
    const event: EventMessage = {
      ...(old && { status: action, ...(id && { id }) }),
      ...(type === 'container' && attributes.image !== undefined && { from: attributes.image }),
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Math.floor(timeNano / 1e9),
      timeNano,
    };
    this.#history.push(event);
    if (this.#history.length > HISTORY * 2) this.#history.splice(0, HISTORY);
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns what ends the subscription. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Past events, oldest first; `until` is the first moment that is no longer meant. */
  history(since?: UnixTime, until?: UnixTime): EventMessage[] {
    return this.#history.slice(-HISTORY).filter((event) => {
      const time = { seconds: event.time, nanos: event.timeNano - event.time * 1e9 };
      return (!since || compareTime(time, since) >= 0) && (!until || compareTime(time, until) < 0);
    });
  }

  /** Nanoseconds since 1970, never going back; a number holds them to a quarter of a microsecond. */
  #now(): number {
    const now = (performance.timeOrigin + performance.now()) * 1e6;
    this.#lastNanos = Math.max(now, this.#lastNanos);
    return Math.round(this.#lastNanos);
  }
}

export const EVENT_FILTERS = [
  'event',
  'type',
  'scope',
  'label',
  'container',
  'image',
  'volume',
  'network',
  'daemon',
  'plugin',
  'builder',
  // Of swarms: accepted, and never met.
  'config',
  'node',
  'secret',
  'service',
] as const;

/** Filters that name an object of their own kind. */
const NAMED: readonly string[] = EVENT_FILTERS.filter(
  (name) => !['event', 'type', 'scope', 'label', 'image'].includes(name),
);

/** By the beginning of its id or name, as dockerd has it. */
const isNamed = (event: EventMessage) => (wanted: string) =>
  event.Actor.ID.startsWith(wanted) || (event.Actor.Attributes.name ?? '').startsWith(wanted);

const withoutTag = (name: string): string => {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
};

/** The image of the event, or of the container that it is about. */
function hasImage(event: EventMessage, wanted: string): boolean {
  const name = event.Actor.Attributes[event.Type === 'image' ? 'name' : 'image'];
  if (name !== undefined && (name === wanted || withoutTag(name) === wanted)) return true;
  return event.Type === 'image' && (event.Actor.ID === wanted || event.Actor.ID.startsWith(`sha256:${wanted}`));
}

/** Whether an event is one of those asked for. `exec_start` also means `exec_start: sh -c ...`. */
export function matchesEvent(filters: Filters, event: EventMessage): boolean {
  if (filters.size === 0) return true;
  return (
    matchesFilter(filters, 'event', (v) => event.Action === v || event.Action.startsWith(`${v}:`)) &&
    matchesFilter(filters, 'type', (v) => event.Type === v) &&
    matchesFilter(filters, 'scope', (v) => event.scope === v) &&
    matchesLabels(filters, event.Actor.Attributes) &&
    matchesFilter(filters, 'image', (v) => hasImage(event, v)) &&
    NAMED.every((type) => matchesFilter(filters, type, (v) => event.Type === type && isNamed(event)(v)))
  );
}
