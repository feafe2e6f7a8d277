import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { NetworkNamespace } from '../helpers/netns.js';
import { withDaemon } from './cli.js';

const host = NetworkNamespace.make();
const cli = withDaemon(undefined, { network: host });
after(() => host.remove());

test('create, ls, inspect, rm', async () => {
  const id = await cli().ok('network create --subnet 10.71.0.0/24 --gateway 10.71.0.254 --label kind=front front');
  assert.match(id, /^[0-9a-f]{64}$/);
  const list = await cli().ok('network ls');
  assert.match(list, /^NETWORK ID +NAME +DRIVER +SCOPE\n/);
  assert.match(list, new RegExp(`^${id.slice(0, 12)} +front +bridge +local$`, 'm'));
  assert.equal(await cli().ok('network ls -q --no-trunc -f label=kind'), id);
  assert.equal(
    await cli().ok(['network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}}', 'front']),
    '10.71.0.0/24 10.71.0.254',
  );
  assert.equal(await cli().ok(['inspect', '-f', '{{.Labels.kind}}', 'front']), 'front');
  assert.equal(await cli().ok('network rm front'), 'front');
  const { code, stderr } = await cli().tdctl('network rm front');
  assert.deepEqual([code, stderr], [1, 'Error response from daemon: network front not found\n']);
  assert.equal(await cli().ok('network rm -f front'), '');
});

test('what a container has of its networks; connect and disconnect while it runs', async () => {
  await cli().ok('network create --subnet 10.72.0.0/24 near');
  await cli().ok('network create --subnet 10.73.0.0/24 far');
  await cli().ok('run -d --name web --network name=near,alias=www,ip=10.72.0.9 --network far busybox sleep 600');
  const places = [
    'inspect',
    '-f',
    '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}} {{end}}',
    'web',
  ];
  assert.equal(await cli().ok(places), 'far 10.73.0.2 near 10.72.0.9 ');
  assert.match(await cli().ok('run --rm --network near busybox ping -c1 -W5 www'), /10\.72\.0\.9/);
  assert.equal(await cli().ok('network disconnect far web'), '');
  assert.equal(await cli().ok(places), 'near 10.72.0.9 ');
  assert.equal(await cli().ok('network connect --alias other --ip 10.73.0.77 far web'), '');
  assert.match(await cli().ok('run --rm --network far busybox ping -c1 -W5 other'), /10\.73\.0\.77/);
  const mac = [
    'run',
    '--rm',
    '--network',
    'near',
    '--ip',
    '10.72.0.50',
    '--mac-address',
    '02:42:0a:48:00:32',
    'busybox',
  ];
  assert.match(await cli().ok([...mac, 'ip', 'addr', 'show', 'eth0']), /02:42:0a:48:00:32[\s\S]*10\.72\.0\.50\/24/);
  assert.match((await cli().tdctl('network rm near')).stderr, /network near has active endpoints/);
  await cli().ok('rm -f web');
  assert.equal(await cli().ok('network rm near far'), 'near\nfar');
});

test('prune asks, and removes those that nobody is in', async () => {
  await cli().ok('network create --label gone lonely');
  const asked = await cli().tdctl('network prune', { input: 'n\n' });
  assert.match(asked.stdout, /remove all custom networks not used[\s\S]*\[y\/N\]/);
  assert.equal(await cli().ok('network prune -f --filter label=gone'), 'Deleted Networks:\nlonely\n');
});

test('what cannot be', async () => {
  const refused = async (line: string) => (await cli().tdctl(line)).stderr;
  assert.match(await refused('network create --gateway 10.1.0.1 x'), /must have a corresponding subnet/);
  assert.match(await refused('network create --driver nope x'), /nope/);
  assert.match(await refused('run --network nonesuch busybox true'), /network nonesuch not found/);
  assert.match(await refused('run --network a --network host busybox true'), /conflicting options/);
  assert.match(await refused('run --ip 10.1.0.1.2 busybox true'), /invalid IPv4 address: 10\.1\.0\.1\.2/);
});

test('--link, in the default network and in another; rm --link', async () => {
  const links = (name: string) => cli().ok(['inspect', '-f', '{{json .HostConfig.Links}}', name]);
  await cli().ok('run -d --name db busybox sleep 600');
  await cli().ok('run -d --name web --link db:store busybox sleep 600');
  assert.equal(await links('web'), '["/db:/web/store"]');
  assert.match(await cli().ok('exec web ping -c1 -W5 store'), /1 packets received/);
  assert.match(await cli().ok('ps --no-trunc'), / db,web\/store$/m);
  assert.equal(await cli().ok('rm --link web/store'), 'web/store');
  assert.equal(await links('web'), 'null');
  assert.match((await cli().tdctl('create --link nope busybox')).stderr, /could not get container for nope/);

  await cli().ok('network create linked');
  await cli().ok('run -d --name data --network linked busybox sleep 600');
  await cli().ok('run -d --name user --network linked --link data:store busybox sleep 600');
  assert.match(await cli().ok('exec user ping -c1 -W5 store'), /1 packets received/);
  const shown = ['inspect', '-f', '{{json .HostConfig.Links}} {{json .NetworkSettings.Networks.linked.Links}}', 'user'];
  assert.equal(await cli().ok(shown), 'null ["data:store"]');
  await cli().ok('rm -f db web data user');
  await cli().ok('network rm linked');
});
