import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ZERO_TIME } from '../lib/clock.js';
import { type ContainerRecord, ContainerStore } from './containers.js';
import { openDatabase } from './database.js';

const dir = mkdtempSync(join(tmpdir(), 'td-store-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'db');

const record = (id: string, name: string): ContainerRecord => ({
  id: id.padEnd(64, '0'),
  name,
  imageId: 'sha256:i',
  image: 'busybox',
  createdAt: '2026-01-01T00:00:00.000000000Z',
  config: { Image: 'busybox', Cmd: ['true'] },
  hostConfig: { NetworkMode: 'none' },
  state: {
    ...{ status: 'created' as const, pid: 0, startTime: 0, exitCode: 0, error: '', oomKilled: false },
    ...{ startedAt: ZERO_TIME, finishedAt: ZERO_TIME, restartCount: 0 },
  },
  layers: [],
  endpoints: [{ network: 'none', networkId: '', asked: {} }],
});

test('what is written is there again after the store was opened anew', () => {
  const db = openDatabase(file);
  const store = new ContainerStore(db);
  db.prepare("INSERT INTO layers (id, chain_id, diff_id, size, created_at) VALUES (5, 'c', 'd', 1, '')").run();
  const one = { ...record('aa1', 'one'), layers: [5] };
  store.insert(one);
  store.insert(record('aa2', 'two'));
  store.setState(one.id, { status: 'running', pid: 7 });
  store.rename(one.id, 'uno');
  store.insert(record('ab1', 'three'));
  store.remove(record('ab1', '').id);
  db.close();

  const again = new ContainerStore(openDatabase(file));
  assert.deepEqual(again.list(), [
    { ...one, name: 'uno', state: { ...one.state, status: 'running', pid: 7 } },
    record('aa2', 'two'),
  ]);
});

test('a container is found by id, name and unique beginning', () => {
  const store = new ContainerStore(openDatabase(file));
  const { id } = record('aa1', '');
  for (const name of [id, 'uno', '/uno', 'aa1']) assert.equal(store.resolve(name).id, id, name);
  assert.throws(() => store.resolve('aa'), { kind: 'invalid', message: 'multiple IDs found with provided prefix: aa' });
  for (const name of ['one', 'ff', '', '/', 'AA1'])
    assert.throws(() => store.resolve(name), { kind: 'not-found', message: `No such container: ${name}` });
  assert.equal(store.byName('uno')?.id, id);
  assert.equal(store.findByImage('sha256:i').length, 2);
});

test('an observed state is there at once, and in the store when it has been flushed', () => {
  const path = join(dir, 'observed');
  const store = new ContainerStore(openDatabase(path));
  const [one, two] = [record('b1', 'one'), record('b2', 'two')];
  for (const each of [one, two]) store.insert(each);
  const stored = () => new ContainerStore(openDatabase(path)).list().map(({ state }) => state.status);
  store.observeState(one.id, { status: 'running', pid: 7 });
  assert.equal(store.get(one.id)?.state.status, 'running');
  assert.deepEqual(stored(), ['created', 'created']);
  store.observeState(one.id, { status: 'exited', exitCode: 3 });
  store.observeState(two.id, { status: 'running' });
  store.remove(two.id);
  store.flush();
  assert.deepEqual(stored(), ['exited']);
});

test('what keeps an observed state from being written is reported, and memory has it', () => {
  const db = openDatabase(join(dir, 'unwritable'));
  const problems: unknown[] = [];
  const store = new ContainerStore(db, (error) => problems.push(error));
  const one = record('c1', 'one');
  store.insert(one);
  db.close();
  store.observeState(one.id, { status: 'running' });
  store.flush();
  assert.equal(problems.length, 1);
  assert.equal(store.get(one.id)?.state.status, 'running');
});

test('watchers are told of changes until they stop, with what was before', () => {
  const store = new ContainerStore(openDatabase(file));
  const { id } = record('aa2', '');
  const told: string[] = [];
  const stop = store.watch(id, (now, before) => told.push(`${before.state.status}>${now?.state.status}`));
  const other = store.watch(id, () => told.push('other'));
  store.setState(id, { status: 'running' });
  other();
  store.remove(id);
  assert.deepEqual(told, ['created>running', 'other', 'running>undefined']);
  stop();
});

test('a name is unique also when it is written behind the cache', () => {
  const store = new ContainerStore(openDatabase(file));
  assert.throws(() => store.insert(record('ac', 'uno')), /UNIQUE/);
  assert.equal(store.get(record('ac', '').id), undefined);
});
