import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import type { ContainerSummary } from '../helpers/types.js';

const engine = await Engine.open();
after(() => engine.close());

test('fifty whole lives at once', async () => {
  const codes = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const id = await engine.create({ Cmd: ['sh', '-c', `echo ${i}; exit ${i}`] });
      await engine.start(id);
      const code = await engine.wait(id);
      const { stdout } = await engine.logs(id);
      await engine.remove(id);
      return [code, stdout];
    }),
  );
  assert.deepEqual(
    codes,
    codes.map((_, i) => [i, `${i}\n`]),
  );
});

test('of a hundred with one name one wins', async () => {
  const name = uniqueName('one');
  const replies = await Promise.all(
    Array.from({ length: 100 }, () =>
      engine.api.post('/containers/create', { Image: engine.image, Cmd: ['true'] }, { name }),
    ),
  );
  const won = replies.filter(({ status }) => status === 201);
  assert.equal(won.length, 1);
  assert.ok(replies.every((reply) => reply === won[0] || reply.status === 409));
  engine.adopt(won[0]!.json<{ Id: string }>().Id);
  // The name is free again in full: nothing half-made is left of the others.
  await engine.remove(name);
  await engine.create({ Cmd: ['true'] }, name);
});

test('of twenty starts of one container one starts it', async () => {
  const id = await engine.create({ Cmd: ['sleep', '600'] });
  const statuses = (
    await Promise.all(Array.from({ length: 20 }, () => engine.api.post(`/containers/${id}/start`)))
  ).map(({ status }) => status);
  assert.ok(statuses.every((status) => status === 204 || status === 304) && statuses.includes(204), String(statuses));
  // dockerd now and then tells two that it was them.
  if (engine.own) assert.equal(statuses.filter((status) => status === 204).length, 1, String(statuses));
});

test('starts and forced removals of one container at once: every answer is one of Docker’s, and nothing is left', async () => {
  for (let round = 0; round < 5; round++) {
    const id = await engine.create({ Cmd: ['sleep', '600'] });
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 2 ? engine.api.post(`/containers/${id}/start`) : engine.api.delete(`/containers/${id}`, { force: true }),
      ),
    );
    for (const [i, { status, text }] of replies.entries()) {
      assert.ok((i % 2 ? [204, 304, 404, 409] : [204, 404, 409]).includes(status), `${status}: ${text}`);
    }
    assert.ok(replies.some(({ status }, i) => i % 2 === 0 && status === 204));
    assert.equal((await engine.api.get(`/containers/${id}/json`)).status, 404);
  }
});

test('restarts of one container at once', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => engine.api.post(`/containers/${id}/restart`, undefined, { t: 0 })),
  );
  for (const reply of replies) assert.ok([204, 409].includes(reply.status), `${reply.status}: ${reply.text}`);
  assert.equal((await engine.inspect(id)).State.Running, true);
  await engine.remove(id);
});

test('stop, kill and forced removal of one container at once', async () => {
  for (let round = 0; round < 5; round++) {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const replies = await Promise.all([
      engine.api.post(`/containers/${id}/stop`, undefined, { t: 1 }),
      engine.api.post(`/containers/${id}/kill`),
      engine.api.delete(`/containers/${id}`, { force: true }),
      engine.api.post(`/containers/${id}/wait`),
      engine.api.get(`/containers/${id}/json`),
      engine.api.delete(`/containers/${id}`, { force: true }),
    ]);
    for (const reply of replies)
      assert.ok([200, 204, 304, 404, 409].includes(reply.status), `${reply.status}: ${reply.text}`);
    assert.ok(replies.some(({ status }, i) => (i === 2 || i === 5) && status === 204));
    assert.equal((await engine.api.get(`/containers/${id}/json`)).status, 404);
  }
});

test('lists and inspects beside a churn of containers are always whole', async () => {
  let churning = true;
  const churn = (async () => {
    for (let i = 0; i < 30; i++) await engine.run(['true']);
    churning = false;
  })();
  while (churning) {
    for (const { Id, Names, State } of await ok<ContainerSummary[]>(engine.api.get('/containers/json', { all: 1 }))) {
      assert.ok(Id.length === 64 && Names.length === 1 && State.length > 0);
      const reply = await engine.api.get(`/containers/${Id}/json`);
      assert.ok(reply.status === 200 || reply.status === 404, reply.text);
    }
  }
  await churn;
});
