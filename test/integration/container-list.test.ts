import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import type { ContainerSummary } from '../helpers/types.js';

const engine = await Engine.open();
after(() => engine.close());

const mark = uniqueName('list');
const name = (what: string) => `${mark}-${what}`;
const ids: Record<string, string> = {};

/** The containers of this file that a filter leaves, by the end of their name, newest first. */
async function listed(
  filters: Record<string, unknown> = {},
  query: Record<string, string | number> = { all: 1 },
): Promise<string[]> {
  const all = await ok<ContainerSummary[]>(
    engine.api.get('/containers/json', { ...query, filters: JSON.stringify(filters) }),
    200,
  );
  return all
    .flatMap(({ Names }) => Names)
    .filter((n) => n.startsWith(`/${mark}-`))
    .map((n) => n.slice(mark.length + 2));
}

before(async () => {
  ids.ended = await engine.launch(
    { Cmd: ['sh', '-c', 'exit 3'], Labels: { [mark]: 'one', color: 'red' } },
    name('ended'),
  );
  await engine.wait(ids.ended);
  ids.running = await engine.launch({ Cmd: ['sleep', '600'], Labels: { [mark]: 'two' } }, name('running'));
  ids.created = await engine.create(
    { Cmd: ['echo', 'a b', '$c'], Labels: { [mark]: 'three', color: 'red' } },
    name('created'),
  );
});

describe('list', () => {
  test('shows running containers, with all the others as well, newest first', async () => {
    assert.deepEqual(await listed({}, {}), ['running']);
    assert.deepEqual(await listed(), ['created', 'running', 'ended']);
  });

  test('a summary has Docker’s fields', async () => {
    const all = await ok<ContainerSummary[]>(engine.api.get('/containers/json', { all: true }));
    const running = all.find(({ Id }) => Id === ids.running)!;
    assert.deepEqual(running.Names, [`/${name('running')}`]);
    assert.equal(running.Image, engine.image);
    assert.match(running.ImageID, /^sha256:[0-9a-f]{64}$/);
    assert.equal(running.Command, 'sleep 600');
    assert.ok(Number.isInteger(running.Created) && Math.abs(running.Created - Date.now() / 1000) < 120);
    assert.equal(running.State, 'running');
    assert.match(running.Status, /^Up (Less than a second|\d+ seconds?|About a minute)$/);
    assert.deepEqual(running.Labels, { [mark]: 'two' });
    assert.deepEqual(running.Ports, []);
    assert.deepEqual(running.Mounts, []);
    assert.equal(running.HostConfig.NetworkMode, 'none');
    const ended = all.find(({ Id }) => Id === ids.ended)!;
    assert.equal(ended.State, 'exited');
    assert.match(ended.Status, /^Exited \(3\) (Less than a second|\d+ seconds?|About a minute) ago$/);
    const created = all.find(({ Id }) => Id === ids.created)!;
    assert.equal(created.State, 'created');
    assert.equal(created.Status, 'Created');
    assert.equal(created.Command, "echo 'a b' $c");
  });

  test('limit counts from the newest and includes what has ended', async () => {
    const all = await ok<ContainerSummary[]>(
      engine.api.get('/containers/json', { limit: 1, filters: `{"label":["${mark}"]}` }),
    );
    assert.equal(all.length, 1);
    assert.equal(all[0]!.Id, ids.created);
  });

  test('size is told on request', async () => {
    const [summary] = await ok<ContainerSummary[]>(
      engine.api.get('/containers/json', { size: 1, filters: `{"id":["${ids.running}"]}` }),
    );
    assert.ok(summary!.SizeRootFs! > 500_000);
    const [without] = await ok<ContainerSummary[]>(
      engine.api.get('/containers/json', { filters: `{"id":["${ids.running}"]}` }),
    );
    assert.equal(without!.SizeRootFs, undefined);
  });
});

describe('filters', () => {
  test('status', async () => {
    assert.deepEqual(await listed({ status: ['exited'] }, {}), ['ended']);
    assert.deepEqual(await listed({ status: ['exited', 'created'] }, {}), ['created', 'ended']);
    assert.deepEqual(await listed({ status: ['running'] }, {}), ['running']);
  });

  test('label, by name and by value, all of which must match', async () => {
    assert.deepEqual(await listed({ label: [mark] }), ['created', 'running', 'ended']);
    assert.deepEqual(await listed({ label: [`${mark}=two`] }), ['running']);
    assert.deepEqual(await listed({ label: [mark, 'color=red'] }), ['created', 'ended']);
    assert.deepEqual(await listed({ label: [`${mark}=two`, 'color=red'] }), []);
  });

  test('name is a part or a pattern, id a prefix', async () => {
    assert.deepEqual(await listed({ name: ['runn'] }), ['running']);
    assert.deepEqual(await listed({ name: ['^/?tdt-.*-(created|ended)$'] }), ['created', 'ended']);
    assert.deepEqual(await listed({ id: [ids.running!.slice(0, 10)] }), ['running']);
    assert.deepEqual(await listed({ id: [ids.running!, ids.ended!] }), ['running', 'ended']);
  });

  test('exited, before, since, ancestor, network', async () => {
    assert.deepEqual(await listed({ exited: ['3'] }), ['ended']);
    assert.deepEqual(await listed({ before: [name('running')] }), ['ended']);
    assert.deepEqual(await listed({ since: [ids.ended!] }), ['created', 'running']);
    assert.deepEqual(await listed({ ancestor: [engine.image] }), ['created', 'running', 'ended']);
    assert.deepEqual(await listed({ ancestor: ['no-such-image'] }), []);
    assert.deepEqual(await listed({ network: ['none'] }), ['created', 'running', 'ended']);
  });

  test('several filters must all match, and the older notation is understood', async () => {
    assert.deepEqual(await listed({ label: ['color=red'], status: ['created'] }), ['created']);
    assert.deepEqual(await listed({ status: { created: true }, label: { [mark]: true } }), ['created']);
  });

  test('unknown ones and bad values are refused', async () => {
    const list = (filters: string) => engine.api.get('/containers/json', { all: 1, filters });
    await refused(list('{"colour":["red"]}'), 400, /colour/);
    await refused(list('{"status":["dreaming"]}'), 400, /dreaming/);
    await refused(list('{"exited":["soon"]}'), 400, /soon/);
    await refused(list('nonsense'), 400, /./);
    await refused(list('{"before":["no-such-container"]}'), 404, 'No such container: no-such-container');
  });
});
