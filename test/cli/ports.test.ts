import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { NetworkNamespace } from '../helpers/netns.js';
import { withDaemon } from './cli.js';

const host = NetworkNamespace.make();
const cli = withDaemon(undefined, { network: host });
after(() => host.remove());

/** What the web server answers at a port of the host. */
const visit = (port: number) => host.run('busybox', 'wget', '-q', '-O', '-', `http://127.0.0.1:${port}/`);
const SERVE = ['busybox', 'sh', '-c', 'mkdir /www; echo served >/www/index.html; exec httpd -f -p 80 -h /www'];
const UNTIL_SERVED = ['sh', '-c', 'until wget -q -O /dev/null localhost; do :; done'];

test('-p, port, and another port while it runs', async () => {
  await cli().ok(['run', '-d', '--name', 'web', '-p', '8080:80', '-p', '127.0.0.1:9000-9001:90-91/udp', ...SERVE]);
  await cli().ok(['exec', 'web', ...UNTIL_SERVED]);
  assert.equal(
    await cli().ok('port web'),
    '80/tcp -> 0.0.0.0:8080\n90/udp -> 127.0.0.1:9000\n91/udp -> 127.0.0.1:9001',
  );
  assert.equal(await cli().ok('port web 80'), '0.0.0.0:8080');
  assert.equal(
    await cli().ok(['ps', '--format', '{{.Ports}}']),
    '0.0.0.0:8080->80/tcp, 127.0.0.1:9000->90/udp, 127.0.0.1:9001->91/udp',
  );
  assert.equal(visit(8080), 'served\n');

  assert.equal(await cli().ok('update -p 8088:80 web'), 'web');
  assert.equal(await cli().ok('port web 80'), '0.0.0.0:8088');
  assert.equal(visit(8088), 'served\n');
  assert.throws(() => visit(8080));
  assert.equal(await cli().ok('update --publish-rm 80 web'), 'web');
  assert.equal(await cli().ok('port web'), '90/udp -> 127.0.0.1:9000\n91/udp -> 127.0.0.1:9001');
  assert.throws(() => visit(8088));
  const { code, stderr } = await cli().tdctl('port web 80');
  assert.deepEqual([code, stderr], [1, "Error: No public port '80' published for web\n"]);
  await cli().ok('rm -f web');
});

test('-P publishes what is exposed', async () => {
  await cli().ok('run -d --name all -P --expose 7000 --expose 7001/udp busybox sleep 600');
  assert.match(await cli().ok('port all'), /^7000\/tcp -> 0\.0\.0\.0:\d+\n7001\/udp -> 0\.0\.0\.0:\d+$/);
  await cli().ok('rm -f all');
});

test('a port that is taken, and one that is none', async () => {
  await cli().ok('run -d --name first -p 8080:80 busybox sleep 600');
  const second = await cli().tdctl('run --rm -p 8080:80 busybox true');
  assert.equal(second.code, 125);
  assert.match(second.stderr, /Bind for 0\.0\.0\.0:8080 failed: port is already allocated \(by container first\)/);
  await cli().ok('rm -f first');
  const none = await cli().tdctl('run -p 99999:80 busybox true');
  assert.deepEqual([none.code, none.stderr.split('\n')[0]], [125, 'tdctl: Invalid hostPort: 99999']);
});

test('network trace says where a packet ends, and that one gets through', async () => {
  await cli().ok(['run', '-d', '--name', 'web', '-p', '8080:80', ...SERVE]);
  await cli().ok(['exec', 'web', ...UNTIL_SERVED]);
  const through = await cli().ok('network trace web 80');
  assert.match(through, /^PORT +STEP +STATUS +PACKETS +DETAIL\n/);
  assert.match(through, /^0\.0\.0\.0:8080->80\/tcp +listener +ok /m);
  assert.match(through, /^0\.0\.0\.0:8080 -> 80\/tcp of web: gets through$/m);
  const { code, stdout: nowhere } = await cli().tdctl('network trace web 81');
  assert.equal(code, 1);
  assert.match(nowhere, /^81\/tcp +listener +ENDS HERE +no program in the container listens on port 81\/tcp/m);
  assert.match(nowhere, /^81\/tcp of web: ends at "listener"$/m);
  // A firewall of somebody else's.
  host.run(
    'nft',
    'add table inet others; add chain inet others f { type filter hook forward priority 0; policy drop; }',
  );
  const warned = await cli().ok('network trace web 80');
  host.run('nft', 'delete table inet others');
  assert.match(
    warned,
    /other firewall +may end +table inet others: chain f \(forward\) drops what none of its rules accepts$/m,
  );
  await cli().ok('rm -f web');
});
