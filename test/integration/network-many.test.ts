import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { NetworkNamespace } from '../helpers/netns.js';

const COUNT = 80;
const host = NetworkNamespace.make();
let engine: Engine;

before(async () => {
  engine = await Engine.open({ network: host });
});

after(async () => {
  await engine.close();
  host.remove();
});

test(`${COUNT} containers that are started at once in one network have addresses and names of their own`, async () => {
  await ok(engine.api.post('/networks/create', { Name: 'crowd' }), 201);
  const HostConfig = { NetworkMode: 'crowd' };
  const names = Array.from({ length: COUNT }, (_, i) => `one-${i}`);
  const ids = await Promise.all(names.map((name) => engine.launch({ Cmd: ['sleep', '600'], HostConfig }, name)));
  const addresses = await Promise.all(
    ids.map(async (id) => {
      const { Networks } = (await engine.inspect(id)).NetworkSettings;
      return (Networks.crowd as { IPAddress: string }).IPAddress;
    }),
  );
  assert.equal(new Set(addresses).size, COUNT);
  const script = names.map((name) => `ping -c1 -W5 ${name} | head -1`).join('\n');
  const seen = (await engine.exec(ids[0]!, ['sh', '-c', script])).stdout.trim().split('\n');
  assert.deepEqual(
    seen.map((line) => /\(([\d.]+)\)/.exec(line)?.[1]),
    addresses,
  );
  await Promise.all(ids.map((id) => engine.remove(id)));
  await ok(engine.api.delete('/networks/crowd'), 204);
});
