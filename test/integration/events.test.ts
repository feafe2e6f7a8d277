import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import type { Event } from '../helpers/types.js';
import { within } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

/** Listens from now on; `until` gives all events up to the one that fits. */
async function listen(filters: Record<string, string[]> = {}) {
  const leave = new AbortController();
  const response: IncomingMessage = await engine.api.open('GET', '/events', {
    query: { filters: JSON.stringify(filters) },
    signal: leave.signal,
  });
  assert.equal(response.statusCode, 200);
  assert.match(response.headers['content-type'] ?? '', /^application\/(json|x-ndjson|json-seq)/);
  const seen: Event[] = [];
  let rest = '';
  let look = () => {};
  response.on('error', () => {});
  response.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n');
    rest = lines.pop()!;
    seen.push(...lines.filter(Boolean).map((line) => JSON.parse(line) as Event));
    look();
  });
  return {
    leave: () => leave.abort(),
    until: (action: string) =>
      within(
        `the event ${action}`,
        new Promise<Event[]>((resolve) => {
          look = () => seen.some((event) => event.Action === action) && resolve(seen);
          look();
        }),
      ),
  };
}

/** Events of the past, of one container. */
async function past(id: string, query: Record<string, string | number> = {}): Promise<Event[]> {
  const filters = JSON.stringify({ container: [id], type: ['container'] });
  const reply = await engine.api.get('/events', {
    since: 0,
    until: (Date.now() / 1000 + 1).toFixed(3),
    filters,
    ...query,
  });
  return reply.text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);
}

describe('events', () => {
  test('a run from its creation to its removal, in order', async () => {
    const name = uniqueName('ev');
    const events = await listen({ type: ['container'], label: [`run=${name}`] });
    const id = await engine.create({ Cmd: ['sh', '-c', 'exit 3'], Labels: { run: name } }, name);
    const stream = await engine.attach(id);
    await engine.start(id);
    await stream.finished();
    await engine.wait(id);
    await engine.remove(id);
    const seen = await events.until('destroy');
    events.leave();
    assert.deepEqual(
      seen.map(({ Action }) => Action),
      ['create', 'attach', 'start', 'die', 'destroy'],
    );
    for (const event of seen) {
      assert.equal(event.Type, 'container');
      assert.equal(event.scope, 'local');
      assert.equal(event.Actor.ID, id);
      assert.equal(event.Actor.Attributes.name, name);
      assert.equal(event.Actor.Attributes.image, engine.image);
      assert.equal(event.Actor.Attributes.run, name);
      // The names from before there were types are still there.
      assert.deepEqual([event.status, event.id, event.from], [event.Action, id, engine.image]);
      assert.equal(Math.floor(event.timeNano / 1e9), event.time);
    }
    const times = seen.map(({ timeNano }) => timeNano);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    const die = seen.find(({ Action }) => Action === 'die')!;
    assert.equal(die.Actor.Attributes.exitCode, '3');
    assert.match(die.Actor.Attributes.execDuration ?? '', /^\d+$/);
  });

  test('stop is a kill, which tells its signal, a death and a stop', async () => {
    const name = uniqueName('ev');
    const events = await listen({ container: [name] });
    const id = await engine.create(
      { Cmd: ['sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.02; done'] },
      name,
    );
    const stream = await engine.attach(id);
    await engine.start(id);
    await stream.waitFor('ready');
    await ok(engine.api.post(`/containers/${id}/stop`), 204);
    await events.until('die');
    const seen = (await events.until('stop')).filter(({ Type }) => Type === 'container');
    events.leave();
    const actions = seen.map(({ Action }) => Action);
    assert.equal(actions.at(-3), 'kill');
    assert.deepEqual(actions.slice(-2).sort(), ['die', 'stop']); // dockerd sends them in either order
    assert.equal(seen.find(({ Action }) => Action === 'kill')!.Actor.Attributes.signal, '15');
  });

  test('execs, with their command and exit code', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const events = await listen({ container: [id] });
    await engine.exec(id, ['sh', '-c', 'exit 6']);
    const seen = await events.until('exec_die');
    events.leave();
    assert.deepEqual(
      seen.map(({ Action }) => Action),
      ['exec_create: sh -c exit 6', 'exec_start: sh -c exit 6', 'exec_die'],
    );
    const [created, , died] = seen;
    assert.match(created!.Actor.Attributes.execID ?? '', /^[0-9a-f]{64}$/);
    assert.equal(died!.Actor.Attributes.execID, created!.Actor.Attributes.execID);
    assert.equal(died!.Actor.Attributes.exitCode, '6');
  });

  test('images: tag and untag', async () => {
    const tag = uniqueName('img');
    const events = await listen({ type: ['image'] });
    await ok(engine.api.post(`/images/${engine.image}/tag`, undefined, { repo: tag, tag: 'v1' }), 201);
    await ok(engine.api.delete(`/images/${tag}:v1`));
    const seen = (await events.until('untag')).filter(
      ({ Actor }) => Actor.Attributes.name?.includes(tag) || Actor.ID.startsWith('sha256:'),
    );
    events.leave();
    assert.deepEqual(seen.map(({ Action }) => Action).slice(0, 2), ['tag', 'untag']);
    assert.equal(seen[0]!.Type, 'image');
    assert.equal(seen[0]!.Actor.Attributes.name, `${tag}:v1`);
  });
});

describe('the past', () => {
  test('since and until give what was, and end', async () => {
    const id = await engine.launch({ Cmd: ['true'] });
    await engine.wait(id);
    const all = await past(id);
    assert.deepEqual(
      all.map(({ Action }) => Action),
      ['create', 'start', 'die'],
    );
    const at = (nano: number) => `${Math.floor(nano / 1e9)}.${String(Math.round(nano % 1e9)).padStart(9, '0')}`;
    assert.deepEqual(
      (await past(id, { since: at(all[1]!.timeNano + 2000) })).map(({ Action }) => Action),
      ['die'],
    );
    assert.deepEqual(
      (await past(id, { until: at(all[0]!.timeNano + 2000) })).map(({ Action }) => Action),
      ['create'],
    );
  });

  test('until in the future ends by then', async () => {
    const until = (Date.now() / 1000 + 0.3).toFixed(3);
    assert.equal((await engine.api.get('/events', { until, filters: '{"type":["plugin"]}' })).text, '');
  });

  test('filters: event, label, image', async () => {
    const mark = uniqueName('ev');
    const id = await engine.launch({ Cmd: ['true'], Labels: { mark } });
    await engine.wait(id);
    const actions = async (filters: Record<string, string[]>) =>
      (await past(id, { filters: JSON.stringify({ container: [id], ...filters }) }))
        .filter(({ Type }) => Type === 'container')
        .map(({ Action }) => Action);
    assert.deepEqual(await actions({ event: ['die', 'create'] }), ['create', 'die']);
    assert.deepEqual(await actions({ label: [`mark=${mark}`], event: ['start'] }), ['start']);
    assert.deepEqual(await actions({ label: ['mark=other'] }), []);
    assert.deepEqual(await actions({ image: [engine.image], event: ['start'] }), ['start']);
    assert.deepEqual(await actions({ type: ['volume'] }), []);
  });

  test('nonsense is refused', async () => {
    await refused(engine.api.get('/events', { until: 1, filters: 'nonsense' }), 400, /./);
    const reply = await engine.api.get('/events', { since: 'yesterday', until: 1 });
    assert.ok(reply.status >= 400 && reply.message.includes('yesterday'), reply.text);
  });
});
