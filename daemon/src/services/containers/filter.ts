import { CONTAINER_STATUSES } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';
import { booleanFilter, type Filters, matchesFilter, matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import type { Deps } from '../../deps.js';
import type { ContainerRecord } from '../../store/containers.js';
import { textMatcher } from '../text-matcher.js';
import { containerMounts } from './mounts.js';
import { publishedPorts } from './ports.js';
import { hasProcess } from './wait.js';

const ACCEPTED =
  'ancestor before exited expose health id isolation is-task label name network publish since status volume'.split(' ');
const HEALTH = ['none', 'starting', 'healthy', 'unhealthy'];

export type ContainerFilter = (record: ContainerRecord) => boolean;

/** Reads the query parameter. @throws EngineError invalid: a filter or value that there is not */
export function parseContainerFilters(text: string | undefined): Filters {
  const filters = parseFilters(text, ACCEPTED);
  for (const status of filters.get('status') ?? []) {
    if ((CONTAINER_STATUSES as readonly string[]).includes(status)) continue;
    const known = 'created, running, paused, restarting, removing, exited, dead';
    throw invalid(`invalid filter 'status=${status}': invalid value for state (${status}): must be one of ${known}`);
  }
  for (const health of filters.get('health') ?? []) {
    if (HEALTH.includes(health)) continue;
    const known = HEALTH.join(', ');
    throw invalid(`invalid filter 'health=${health}': invalid value for health (${health}): must be one of ${known}`);
  }
  for (const code of filters.get('exited') ?? []) {
    if (!/^[+-]?\d+$/.test(code)) throw invalid(`invalid filter 'exited=${code}': it has to be an exit code`);
  }
  for (const port of [...(filters.get('publish') ?? []), ...(filters.get('expose') ?? [])]) {
    if (!/^\d+(-\d+)?(\/(tcp|udp|sctp))?$/.test(port)) throw invalid(`invalid filter: '${port}' is not a port`);
  }
  booleanFilter(filters, 'is-task');
  return filters;
}

/** `80`, `8000-8010/udp` against `80/tcp`. */
function portMatches(asked: string, port: string): boolean {
  const [range = '', protocol = 'tcp'] = asked.split('/');
  const [from, to = from] = range.split('-').map(Number);
  const [number, has = 'tcp'] = port.split('/');
  return has === protocol && Number(number) >= from! && Number(number) <= to!;
}

/** Ids of the images that `ancestor` names, with all that are made of the same layers and more. */
function descendants(deps: Pick<Deps, 'images'>, names: readonly string[]): Set<string> {
  const ids = new Set<string>();
  for (const name of names) {
    let image: ReturnType<typeof deps.images.resolve>;
    try {
      image = deps.images.resolve(name);
    } catch {
      continue; // not even a name: no container is made of it
    }
    if (!image) continue;
    ids.add(image.id);
    if (image.layers.length === 0) continue;
    for (const other of deps.images.list()) {
      if (image.layers.every((layer, i) => other.layers[i] === layer)) ids.add(other.id);
    }
  }
  return ids;
}

/** What all filters together let through. @throws EngineError not-found for `before` and `since` */
export function containerFilter(deps: Pick<Deps, 'containers' | 'images'>, filters: Filters): ContainerFilter {
  if (filters.size === 0) return () => true;
  const names = filters.get('name')?.map(textMatcher);
  const ancestors = filters.has('ancestor') ? descendants(deps, filters.get('ancestor')!) : undefined;
  const before = filters.get('before')?.map((ref) => deps.containers.resolve(ref));
  const since = filters.get('since')?.map((ref) => deps.containers.resolve(ref));
  const exited = filters.get('exited')?.map(Number);
  const task = booleanFilter(filters, 'is-task');
  const tests: ContainerFilter[] = [
    (c) => matchesLabels(filters, c.config.Labels),
    (c) => !names || names.some((match) => match(c.name) || match(`/${c.name}`)),
    (c) => matchesFilter(filters, 'id', (id) => id !== '' && c.id.startsWith(id)),
    (c) => !ancestors || ancestors.has(c.imageId),
    (c) => !before || before.some((other) => c.createdAt < other.createdAt),
    (c) => !since || since.some((other) => c.createdAt > other.createdAt),
    (c) => !exited || (c.state.status === 'exited' && exited.includes(c.state.exitCode)),
    (c) => matchesFilter(filters, 'status', (status) => c.state.status === status),
    (c) => matchesFilter(filters, 'health', (health) => (c.state.health?.Status ?? 'none') === health),
    (c) => matchesFilter(filters, 'network', (network) => c.hostConfig.NetworkMode === network),
    (c) =>
      matchesFilter(filters, 'expose', (p) => Object.keys(c.config.ExposedPorts ?? {}).some((e) => portMatches(p, e))),
    (c) =>
      matchesFilter(
        filters,
        'publish',
        (p) => hasProcess(c) && publishedPorts(c).some((port) => portMatches(p, `${port.hostPort}/${port.protocol}`)),
      ),
    () => task !== true,
    (c) =>
      matchesFilter(filters, 'volume', (volume) =>
        containerMounts(c).some((m) => m.source === volume || m.destination === volume),
      ),
  ];
  return (record) => tests.every((test) => test(record));
}
