import type { ContainerStats, NetworkStats } from '@tinydocker/shared/api/stats.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { interfaceCounters } from '../../kernel/netns-files.js';
import { timestamp, ZERO_TIME } from '../../lib/clock.js';
import { NO_USAGE, type Usage } from '../../runtime/usage.js';
import { readUsage } from '../../runtime/usage-reader.js';
import type { ContainerRecord } from '../../store/containers.js';
import { cgroupOf } from './bundle.js';
import { containerOf } from './shared-namespaces.js';
import { hasProcess, isRunning } from './wait.js';

type StatsDeps = Pick<Deps, 'config' | 'containers' | 'log'>;

/** One look at a container. */
interface Sample {
  at: string;
  usage: Usage;
  /** By interface; undefined where the container has none from a network. */
  networks?: Record<string, NetworkStats>;
}

const NOTHING: Sample = { at: ZERO_TIME, usage: NO_USAGE };

/** ms between two looks. */
const INTERVAL = 1000;

/**
 * What went through the interfaces that a container has from its networks, or from those of the container whose network it is in.
 * What it has made itself is its own affair, as is everything with the host's network.
 */
function networksOf(deps: StatsDeps, record: ContainerRecord): Record<string, NetworkStats> | undefined {
  const other = containerOf(record.hostConfig.NetworkMode);
  const owner = other === undefined ? record : (deps.containers.get(other) ?? deps.containers.byName(other));
  if (!owner || !hasProcess(owner)) return undefined;
  const names = (owner.endpoints ?? []).flatMap(({ place }) => (place?.name ? [place.name] : []));
  if (names.length === 0) return undefined;
  const counters = interfaceCounters(owner.state.pid);
  const found = names.sort().flatMap((name) => {
    const of = counters.get(name);
    return of ? [[name, of] as const] : [];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function look(deps: StatsDeps, record: ContainerRecord): Sample {
  const usage = isRunning(record) ? readUsage(cgroupOf(deps, record)) : undefined;
  return usage ? { at: timestamp(), usage, networks: networksOf(deps, record) } : NOTHING;
}

function answer(now: Sample, before: Sample, record?: ContainerRecord): ContainerStats {
  return {
    ...(record && { name: `/${record.name}`, id: record.id }),
    read: now.at,
    preread: before.at,
    pids_stats: now.usage.pids_stats,
    blkio_stats: now.usage.blkio_stats,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: now.usage.cpu_stats,
    precpu_stats: before.usage.cpu_stats,
    memory_stats: now.usage.memory_stats,
    ...(now.networks && { networks: now.networks }),
  };
}

/** What one container uses, looked at once a second as long as anyone wants to know. */
class Watched {
  readonly listeners = new Set<(now: Sample, before: Sample) => void>();
  #timer: NodeJS.Timeout | undefined;
  #last = NOTHING;

  add(listener: (now: Sample, before: Sample) => void, sample: () => Sample | undefined): void {
    this.listeners.add(listener);
    if (this.#timer) return;
    const tick = () => {
      const now = sample();
      if (!now) return;
      const before = this.#last;
      this.#last = now;
      for (const each of [...this.listeners]) each(now, before);
    };
    this.#timer = setInterval(tick, INTERVAL);
    setImmediate(tick);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const watched = new Map<string, Watched>();

/** Calls `listener` once a second until the returned function is called, or the container is gone (`gone` is told). */
function watch(
  deps: StatsDeps,
  id: string,
  listener: (now: Sample, before: Sample) => void,
  gone: () => void,
): () => void {
  const entry = watched.get(id) ?? new Watched();
  watched.set(id, entry);
  const cancelWatch = deps.containers.watch(id, (now) => {
    if (!now) gone();
  });
  entry.add(listener, () => {
    const record = deps.containers.get(id);
    return record && look(deps, record);
  });
  return () => {
    cancelWatch();
    entry.listeners.delete(listener);
    if (entry.listeners.size > 0) return;
    entry.stop();
    if (watched.get(id) === entry) watched.delete(id);
  };
}

/** What is asked for: by default a stream. */
export interface StatsOptions {
  stream?: boolean;
  oneShot?: boolean;
}

/**
 * What a container uses. A stream is written to `write` until it says so, or the container is removed; without one there is a
 * single answer: at once with `oneShot`, or with a second look for the CPU's share.
 * @returns what ends it, and when it has ended
 * @throws EngineError not-found, invalid
 */
export function containerStats(
  deps: StatsDeps,
  nameOrId: string,
  { stream = true, oneShot = false }: StatsOptions,
  write: (stats: ContainerStats) => void,
): { done: Promise<void>; cancel(): void } {
  if (stream && oneShot) throw invalid('cannot have stream=true and one-shot=true');
  const record = deps.containers.resolve(nameOrId);
  const { id } = record;
  if (!stream && (oneShot || !isRunning(record))) {
    // A single look has nobody's name on it where the container runs: Docker's answer, word for word.
    write(answer(look(deps, record), NOTHING, isRunning(record) ? undefined : record));
    return { done: Promise.resolve(), cancel() {} };
  }
  let cancel = () => {};
  const done = new Promise<void>((resolve) => {
    let stop = () => {};
    cancel = () => {
      stop();
      resolve();
    };
    const seen = (now: Sample, before: Sample) => {
      // The first look has nothing to be compared with, unless someone else has begun before.
      if (!stream && before === NOTHING && now !== NOTHING) return;
      write(answer(now, before, deps.containers.get(id) ?? record));
      if (!stream) cancel();
    };
    stop = watch(deps, id, seen, () => cancel());
  });
  return { done, cancel: () => cancel() };
}
