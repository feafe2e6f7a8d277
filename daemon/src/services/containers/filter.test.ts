import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deps } from '../../deps.js';
import type { ContainerRecord, ContainerState } from '../../store/containers.js';
import { NEW_STATE } from './create.js';
import { containerFilter, parseContainerFilters } from './filter.js';

const record = (id: string, name: string, more: Partial<ContainerRecord> = {}, state: Partial<ContainerState> = {}) =>
  ({
    ...{ id, name, imageId: 'sha256:i', image: 'busybox', createdAt: `2026-01-0${id[0]}T00:00:00Z`, layers: [] },
    ...{ config: { Labels: {} }, hostConfig: { NetworkMode: 'none' } },
    ...more,
    state: { ...NEW_STATE, ...state },
  }) as ContainerRecord;

const ALL = [
  record('1aa', 'web', { config: { Labels: { app: 'x' }, ExposedPorts: { '80/tcp': {} } } }, { status: 'running' }),
  record(
    '2bb',
    'web-2',
    { hostConfig: { NetworkMode: 'host', Binds: ['/src:/dst'] } },
    { status: 'exited', exitCode: 3 },
  ),
  record('3ab', 'db', { imageId: 'sha256:other' }),
];

/** As far as filters ask. */
const deps = {
  containers: { resolve: (name: string) => ALL.find((r) => r.name === name) },
  images: {
    resolve: (name: string) => (name === 'busybox' ? { id: 'sha256:i', layers: [] } : undefined),
    list: () => [],
  },
} as unknown as Pick<Deps, 'containers' | 'images'>;

function names(filters: Record<string, string[]>): string[] {
  const matches = containerFilter(deps, parseContainerFilters(JSON.stringify(filters)));
  return ALL.filter(matches).map((r) => r.name);
}

const CASES: [filters: Record<string, string[]>, names: string[]][] = [
  [{}, ['web', 'web-2', 'db']],
  [{ name: ['web'] }, ['web', 'web-2']],
  [{ name: ['^/web$'] }, ['web']],
  [{ name: ['^web$', 'db'] }, ['web', 'db']],
  [{ name: ['web('] }, []],
  [{ id: ['1'] }, ['web']],
  [{ id: ['a'] }, []],
  [{ label: ['app'] }, ['web']],
  [{ label: ['app=y'] }, []],
  [{ status: ['exited', 'created'] }, ['web-2', 'db']],
  [{ exited: ['3'] }, ['web-2']],
  [{ exited: ['0'] }, []],
  [{ ancestor: ['busybox'] }, ['web', 'web-2']],
  [{ ancestor: ['nonesuch'] }, []],
  [{ before: ['web-2'] }, ['web']],
  [{ since: ['web-2'] }, ['db']],
  [{ network: ['host'] }, ['web-2']],
  [{ volume: ['/dst'] }, ['web-2']],
  [{ volume: ['/src'] }, ['web-2']],
  [{ expose: ['80'] }, ['web']],
  [{ expose: ['1-100/udp'] }, []],
  [{ publish: ['80'] }, []],
  [{ health: ['none'] }, ['web', 'web-2', 'db']],
  [{ health: ['healthy'] }, []],
  [{ 'is-task': ['true'] }, []],
  [{ name: ['web'], status: ['running'] }, ['web']],
];
for (const [filters, expected] of CASES) {
  test(JSON.stringify(filters), () => assert.deepEqual(names(filters), expected));
}

test('what is no filter, or none of its values, is refused', () => {
  for (const [filters, message] of [
    [{ foo: ['x'] }, "invalid filter 'foo'"],
    [{ status: ['x'] }, /^invalid filter 'status=x'/],
    [{ health: ['x'] }, /^invalid filter 'health=x'/],
    [{ exited: ['x'] }, /^invalid filter 'exited=x'/],
    [{ publish: ['x'] }, /'x' is not a port/],
    [{ 'is-task': ['x'] }, "invalid filter 'is-task=[x]'"],
  ] as const) {
    assert.throws(() => parseContainerFilters(JSON.stringify(filters)), { kind: 'invalid', message });
  }
});
