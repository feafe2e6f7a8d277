import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { openOnHost } from '../helpers/networks.js';

const COUNT = 80;
const { host, engine } = await openOnHost();

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

test('a bridge that has all the ports that the kernel gives one takes no container, and says so', async () => {
  const bridge = host.links.find(({ ifname }) => ifname.startsWith('td-'))!.ifname;
  const add = (i: number) => `link add p${i} type veth peer name q${i}\nlink set p${i} master ${bridge} group 77\n`;
  const input = Array.from({ length: 1023 }, (_, i) => add(i)).join('');
  execFileSync('ip', ['-n', host.name, '-batch', '-'], { input });
  try {
    const id = await engine.create({ HostConfig: { NetworkMode: 'bridge' } });
    const why = /it has 1023 ports, which is all that a bridge can have: use another network as well \(EXFULL\)$/;
    await refused(engine.api.post(`/containers/${id}/start`), 500, why);
    await engine.remove(id);
  } finally {
    host.ip('link', 'delete', 'group', '77'); // all at once: one by one they take 20 ms each
  }
});
