import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../helpers/api.js';
import { networksOf, openOnHost, sh, sleeper } from '../helpers/networks.js';

const { engine, networks } = await openOnHost();

type Counters = Record<`${'rx' | 'tx'}_${'bytes' | 'packets' | 'errors' | 'dropped'}`, number>;

const stats = async (id: string) =>
  (
    await ok<{ networks?: Record<string, Counters> }>(
      engine.api.get(`/containers/${id}/stats`, { stream: false, 'one-shot': true }),
      200,
    )
  ).networks;

test('what goes through the interfaces of a container is counted for each, from where the container stands', async () => {
  const [first, second] = [await networks.create(), await networks.create()];
  const id = await engine.launch(sleeper(first));
  await ok(engine.api.post(`/networks/${second}/connect`, { Container: id }), 200);
  const before = (await stats(id))!;
  assert.deepEqual(Object.keys(before), ['eth0', 'eth1']);
  const other = await engine.launch(sleeper(first));
  const address = (await networksOf(engine, other))[first]!.IPAddress;
  // Received is what was sent, and a header of 8 (ICMP), 20 (IP) and 14 (Ethernet) bytes a packet.
  const sent = 5 * (1000 + 42);
  await sh(engine, id, `ping -c 5 -i 0.01 -W 5 -s 1000 ${address}`);
  const now = (await stats(id))!;
  for (const way of ['rx', 'tx'] as const) {
    const bytes = now.eth0![`${way}_bytes`] - before.eth0![`${way}_bytes`];
    const packets = now.eth0![`${way}_packets`] - before.eth0![`${way}_packets`];
    assert.ok(bytes >= sent && bytes < sent + 3000 && packets >= 5, JSON.stringify({ before, now }));
    assert.deepEqual([now.eth0![`${way}_errors`], now.eth0![`${way}_dropped`]], [0, 0]);
  }
  assert.ok(now.eth1!.tx_bytes < 1000, JSON.stringify(now));
  const seen = await sh(engine, id, 'cat /sys/class/net/eth0/statistics/tx_packets');
  assert.equal((await stats(id))!.eth0!.tx_packets, Number(seen));
  await ok(engine.api.post(`/networks/${second}/disconnect`, { Container: id }), 200);
  assert.deepEqual(Object.keys((await stats(id))!), ['eth0']);
  for (const each of [id, other]) await engine.remove(each);
});

test('a container in the network of another has its numbers; without interfaces of a network there are none', async () => {
  const network = await networks.create();
  const id = await engine.launch(sleeper(network));
  const guest = await engine.launch(sleeper(`container:${id}`));
  await sh(engine, guest, 'ip -4 route | grep -o "via [0-9.]*" | { read _ gateway; ping -c 1 -W 5 $gateway; }');
  assert.deepEqual(Object.keys((await stats(guest))!), ['eth0']);
  assert.ok((await stats(guest))!.eth0!.tx_packets > 0);
  const bare = [await engine.launch(sleeper('none')), await engine.launch(sleeper('host'))];
  // An interface that a container has made itself is no network's.
  const made = await engine.launch({
    ...sleeper('none'),
    Cmd: ['sh', '-c', 'ip link add eth0 type veth peer name eth1 && exec sleep 600'],
    HostConfig: { NetworkMode: 'none', CapAdd: ['NET_ADMIN'] },
  });
  for (const each of [...bare, made]) assert.equal(await stats(each), undefined);
  await ok(engine.api.post(`/containers/${id}/kill`), 204);
  await engine.wait(id);
  for (const each of [id, guest]) assert.equal(await stats(each), undefined);
  for (const each of [guest, id, ...bare, made]) await engine.remove(each);
});
