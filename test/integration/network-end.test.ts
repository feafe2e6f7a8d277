import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { inspectNetwork, openOnHost, sh, sleeper } from '../helpers/networks.js';
import { until } from '../helpers/until.js';

const { host, engine } = await openOnHost();

const veths = () => host.links.filter(({ ifname }) => ifname.startsWith('veth')).length;

test('a connection with bytes that nobody takes any more does not keep the network of a container that is gone', async (t) => {
  const gateway = (await inspectNetwork(engine, 'bridge')).IPAM.Config[0]!.Gateway!;
  const id = await engine.launch(sleeper('bridge'));
  // A minute between two tries, as there is after one: what is left of the connection does not go by itself meanwhile.
  const network = `--net=/proc/${(await engine.inspect(id)).State.Pid}/ns/net`;
  execFileSync('nsenter', [network, 'ip', 'route', 'add', `${gateway}/32`, 'dev', 'eth0', 'rto_min', '60s']);
  const server = spawn('nsenter', [`--net=/run/netns/${host.name}`, 'busybox', 'nc', '-l', '-p', '5000'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  t.after(async () => {
    server.kill();
    await ended;
  });
  await until('the server to listen', () => host.run('ss', '-Hltn', 'sport', '=', ':5000').trim() !== '');
  await sh(engine, id, `(yes | nc ${gateway} 5000 >/dev/null 2>&1) & exit 0`);
  // Nobody reads what the server writes: it stops to take, and the container's side fills up.
  const sent = () => execFileSync('nsenter', [network, 'ss', '-Htn', 'state', 'established'], { encoding: 'utf8' });
  await until('the container to have more than the server takes', () => Number(sent().split(/ +/)[1]) > 200_000);
  await engine.remove(id);
  await until('the link to go', () => veths() === 0);
});
