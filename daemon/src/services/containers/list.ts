import type { ContainerSummary } from '@tinydocker/shared/api/containers.js';
import type { Deps } from '../../deps.js';
import { processArgs } from '../../runtime/spec-process.js';
import type { ContainerRecord } from '../../store/containers.js';
import { networksOf } from '../networks/settings.js';
import { containerFilter, parseContainerFilters } from './filter.js';
import { linkNames } from './links.js';
import { mountPoints } from './mount-points.js';
import { portList } from './ports.js';
import { containerSize } from './size.js';
import { statusText } from './status-text.js';
import { isRunning } from './wait.js';

export interface ListOptions {
  /** Also those that do not run. */
  all?: boolean;
  /** At most so many, the newest, of all; 0 and less: no limit. */
  limit?: number;
  /** The query parameter. */
  filters?: string;
  /** Also say how much room each takes. */
  size?: boolean;
}

type ListDeps = Pick<Deps, 'addresses' | 'config' | 'containers' | 'images' | 'networks' | 'paths'>;

/** The command line in one line, words with spaces in quotes. */
function commandOf(record: ContainerRecord): string {
  const [path = '', ...args] = processArgs(record.config);
  return [path, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}

/** A list says less of each network than inspect does, as Docker has it. */
const listedNetworks = (deps: ListDeps, record: ContainerRecord) =>
  Object.fromEntries(
    Object.entries(networksOf(deps, record)).map(([name, endpoint]) => [
      name,
      { ...endpoint, Links: null, Aliases: null, DNSNames: null },
    ]),
  );

/** What of a summary does not change as long as the record is the same: records are never changed in place. */
const known = new WeakMap<ContainerRecord, ContainerSummary>();

function summary(
  deps: ListDeps,
  record: ContainerRecord,
  image: string,
  linked: readonly string[],
  now: number,
): ContainerSummary {
  const made = known.get(record) ?? summaryOf(deps, record);
  known.set(record, made);
  made.Names = [`/${record.name}`, ...linked].sort();
  made.Image = image;
  made.Status = statusText(record.state, now);
  return made;
}

function summaryOf(deps: ListDeps, record: ContainerRecord): ContainerSummary {
  const { config, hostConfig, state } = record;
  const mode = hostConfig.NetworkMode ?? 'none';
  return {
    Id: record.id,
    Names: [],
    Image: record.image,
    ImageID: record.imageId,
    Command: commandOf(record),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: portList(record),
    Labels: config.Labels ?? {},
    State: state.status,
    Status: '',
    HostConfig: { NetworkMode: mode, Annotations: hostConfig.Annotations ?? undefined },
    NetworkSettings: { Networks: listedNetworks(deps, record) },
    Mounts: mountPoints(deps, record),
  };
}

/** The image as it was asked for, or its id where that name has come to mean another one, or none. */
function imageNames(deps: ListDeps): (record: ContainerRecord) => string {
  const known = new Map<string, string | undefined>();
  return ({ image, imageId }) => {
    if (!known.has(image)) known.set(image, deps.images.resolve(image)?.id);
    return known.get(image) === imageId ? image : imageId;
  };
}

/**
 * Containers, newest first. Takes no lock.
 * @throws EngineError invalid (filters), not-found (a container that a filter names)
 */
export async function listContainers(deps: ListDeps, options: ListOptions = {}): Promise<ContainerSummary[]> {
  const filters = parseContainerFilters(options.filters);
  const matches = containerFilter(deps, filters);
  const limit = options.limit && options.limit > 0 ? options.limit : undefined;
  const all = options.all || limit !== undefined || filters.has('status');
  const records = deps.containers.list().reverse();
  const chosen = records.filter((record) => (all || isRunning(record)) && matches(record)).slice(0, limit);
  const now = Date.now();
  const nameOf = imageNames(deps);
  const linked = linkNames(deps);
  const list = chosen.map((record) => summary(deps, record, nameOf(record), linked.get(record.id) ?? [], now));
  if (!options.size) return list;
  const sizes = await Promise.all(chosen.map((record) => containerSize(deps, record)));
  return list.map((entry, i) => ({ ...entry, ...sizes[i] }));
}
