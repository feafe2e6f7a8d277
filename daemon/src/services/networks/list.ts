import type { Network } from '@tinydocker/shared/api/networks.js';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { booleanFilter, type Filters, matchesFilter, matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import type { Deps } from '../../deps.js';
import type { NetworkRecord } from '../../store/networks.js';
import { textMatcher } from '../text-matcher.js';
import { isBuiltIn } from './built-in.js';
import { membersOfAll, showNetwork } from './inspect.js';

type ListDeps = Pick<Deps, 'addresses' | 'containers' | 'networks'>;

function dangling(filters: Filters): boolean | undefined {
  try {
    return booleanFilter(filters, 'dangling');
  } catch {
    throw invalid('invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")');
  }
}

function checkTypes(filters: Filters): void {
  for (const type of filters.get('type') ?? []) {
    if (type !== 'custom' && type !== 'builtin') throw new EngineError('system', `invalid filter: 'type'='${type}'`);
  }
}

/** The networks, newest first as Docker has them. @throws EngineError invalid: a filter or value that there is not */
export function listNetworks(deps: ListDeps, filterText: string | undefined): Network[] {
  const filters = parseFilters(filterText, ['dangling', 'driver', 'id', 'idOrName', 'label', 'name', 'scope', 'type']);
  checkTypes(filters);
  const unused = dangling(filters);
  const members = unused === undefined ? undefined : membersOfAll(deps);
  const names = filters.get('name')?.map(textMatcher);
  const ids = filters.get('id')?.map(textMatcher);
  const tests: ((network: NetworkRecord) => boolean)[] = [
    (n) => matchesLabels(filters, n.labels),
    (n) => matchesFilter(filters, 'driver', (driver) => n.driver === driver),
    () => matchesFilter(filters, 'scope', (scope) => scope === 'local'),
    (n) => matchesFilter(filters, 'type', (type) => (type === 'builtin') === isBuiltIn(n)),
    (n) => matchesFilter(filters, 'idOrName', (word) => n.name === word || n.id.startsWith(word)),
    (n) => !names || names.some((matches) => matches(n.name)),
    (n) => !ids || ids.some((matches) => matches(n.id)),
    (n) => !members || unused === (!isBuiltIn(n) && !members.has(n.id)),
  ];
  return deps.networks
    .list()
    .filter((network) => tests.every((test) => test(network)))
    .map((network) => showNetwork(deps, network, false));
}
