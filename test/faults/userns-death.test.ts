import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Engine } from '../helpers/engine.js';

/* A daemon that is killed at any moment loses no range of ids and gives none twice. */

const POOL = 1000000;
const SIZE = 100;
const COUNT = 60;
const engine = await Engine.open({ args: ['--userns-pool', `${POOL}:${COUNT * SIZE}`] });
after(() => engine.close());

const body = {
  Image: engine.image,
  Cmd: ['sleep', '600'],
  HostConfig: { NetworkMode: 'none', UsernsMode: `auto:size=${SIZE}` },
};

test('killed in the middle of creations, starts and removals', async () => {
  for (let round = 0; round < 6; round++) {
    const existing = await engine.api.get('/containers/json', { all: 1 });
    const requests = Array.from({ length: 8 }, async (_, i) => {
      const created = await engine.api.post('/containers/create', body);
      const { Id } = created.json<{ Id: string }>();
      if (i % 2 === 0) await engine.api.post(`/containers/${Id}/start`);
      if (i % 4 === 0) await engine.api.delete(`/containers/${Id}`, { force: true });
    });
    const removals = existing
      .json<{ Id: string }[]>()
      .slice(0, 3)
      .map(({ Id }) => engine.api.delete(`/containers/${Id}`, { force: true }));
    // Different in every round: after none, some or all of the answers.
    const all = Promise.allSettled([...requests, ...removals]);
    await Promise.race(
      [all, Promise.allSettled(requests.slice(0, 1)), new Promise((resolve) => setImmediate(resolve))].slice(round % 3),
    );
    await engine.daemon!.kill9();
    await all;
    await engine.daemon!.launch();
  }
  const left = (await engine.api.get('/containers/json', { all: 1 })).json<{ Id: string }[]>();
  for (const { Id } of left) engine.adopt(Id);
  // What is left has a range each; all together with what is free make the pool again.
  const more: string[] = [];
  while (left.length + more.length < COUNT) more.push(await engine.create(body));
  const full = await engine.api.post('/containers/create', body);
  assert.equal(full.status, 500, full.text);
  assert.match(full.message, /the pool of ids/);
  const roots = new Set<number>();
  for (const id of [...left.map(({ Id }) => Id), ...more]) {
    const { State } = await engine.inspect(id);
    if (!State.Running) await engine.start(id);
    const { Pid } = (await engine.inspect(id)).State;
    roots.add(Number(readFileSync(`/proc/${Pid}/uid_map`, 'utf8').trim().split(/\s+/)[1]));
    await engine.remove(id);
  }
  assert.equal(roots.size, COUNT);
  for (const root of roots) assert.ok(root >= POOL && root + SIZE <= POOL + COUNT * SIZE && (root - POOL) % SIZE === 0);
});
