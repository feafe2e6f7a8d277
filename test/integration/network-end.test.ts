import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { inspectNetwork, openOnHost, sh, sleeper } from '../helpers/networks.js';
import { until } from '../helpers/until.js';

const { host, engine } = await openOnHost();

const veths = () => host.links.filter(({ ifname }) => ifname.startsWith('veth')).length;

test('a connection with bytes that nobody takes any more does not keep the network of a container that is gone', async () => {
  const gateway = (await inspectNetwork(engine, 'bridge')).IPAM.Config[0]!.Gateway!;
  const id = await engine.launch(sleeper('bridge'));
  const server = spawn('nsenter', [`--net=/run/netns/${host.name}`, 'busybox', 'nc', '-l', '-p', '5000'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const established = () => host.run('ss', '-Htn', 'state', 'established', 'sport', '=', ':5000').trim();
  await until('the server to listen', () => host.run('ss', '-Hltn', 'sport', '=', ':5000').trim() !== '');
  await sh(engine, id, `(yes | nc ${gateway} 5000 >/dev/null 2>&1) & exit 0`);
  // Nobody reads what the server writes: it stops to take, and the container's side is full.
  await until('both sides to be full', () => /^[1-9]/.test(established()));
  await engine.remove(id);
  await until('the link to go', () => veths() === 0);
  server.kill();
  await once(server, 'exit');
});
