import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { NetworkNamespace } from '../helpers/netns.js';

/* Containers with ids of their own in a network. */

const host = NetworkNamespace.make();
const engine = await Engine.open({ network: host, args: ['--userns-pool', '1000000:262144'] });
const network = uniqueName('n');
await ok(engine.api.post('/networks/create', { Name: network }), 201);
after(async () => {
  for (const { Id } of await ok<{ Id: string }[]>(engine.api.get('/containers/json', { all: 1 })))
    await engine.remove(Id);
  await engine.api.delete(`/networks/${network}`);
  await engine.close();
  host.remove();
});

test('they find and reach each other by name, whoever has a user namespace', async () => {
  const launch = (UsernsMode: string) => {
    const name = uniqueName();
    const config = { Cmd: ['sleep', '600'], StopSignal: 'SIGKILL', HostConfig: { NetworkMode: network, UsernsMode } };
    return engine.launch(config, name).then((id) => ({ id, name }));
  };
  const all = [await launch('auto'), await launch('auto'), await launch('host')];
  for (const { id } of all)
    for (const { name } of all) {
      const { stdout, stderr, exitCode } = await engine.exec(id, [
        'sh',
        '-c',
        `nslookup ${name} && ping -c 1 -W 5 ${name}`,
      ]);
      assert.equal(exitCode, 0, stdout + stderr);
    }
  for (const { id } of all) await engine.remove(id);
});
