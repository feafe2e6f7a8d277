import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, resolvConfFile } from './engine-files.js';

test('further hosts stand behind those that every container has', () => {
  const lines = hostsFile({ config: {}, hostConfig: { ExtraHosts: ['a:1.2.3.4', 'b:::1', 'up:host-gateway'] } }, [
    '172.17.0.1',
  ]).split('\n');
  assert.equal(lines[0], '127.0.0.1\tlocalhost');
  assert.deepEqual(lines.slice(-4), ['1.2.3.4\ta', '::1\tb', '172.17.0.1\tup', '']);
});

test('name servers are the host’s, unless the request has its own', () => {
  const host = '# comment\nnameserver 9.9.9.9\nsearch lan\noptions edns0\nsortlist x\n';
  assert.equal(resolvConfFile({ hostConfig: {} }, host), 'nameserver 9.9.9.9\nsearch lan\noptions edns0\n');
  assert.equal(
    resolvConfFile({ hostConfig: { Dns: ['1.1.1.1'], DnsSearch: ['a', 'b'], DnsOptions: ['ndots:1'] } }, host),
    'nameserver 1.1.1.1\nsearch a b\noptions ndots:1\n',
  );
});

test('a server on the loopback of the host is none for a container, unless it lives there', () => {
  const host = 'nameserver 127.0.0.1\nnameserver ::1\nnameserver 9.9.9.9\n';
  assert.equal(resolvConfFile({ hostConfig: {} }, host), 'nameserver 9.9.9.9\n');
  assert.equal(resolvConfFile({ hostConfig: { NetworkMode: 'host' } }, host), host);
  assert.equal(
    resolvConfFile({ hostConfig: {} }, 'nameserver 127.0.0.53\n'),
    'nameserver 8.8.8.8\nnameserver 8.8.4.4\n',
  );
});

test('a container finds itself by its names at each of its addresses', () => {
  const place = { id: 'e', name: 'eth0', host: 'veth', mac: '', ipv4: '172.17.0.2', ipv6: 'fd00::2' };
  const endpoints = [{ network: 'bridge', networkId: 'n', asked: {}, place }];
  const lines = (config: object) => hostsFile({ config, hostConfig: {}, endpoints }).split('\n').slice(-3);
  assert.deepEqual(lines({ Hostname: 'a' }), ['172.17.0.2\ta', 'fd00::2\ta', '']);
  assert.deepEqual(lines({ Hostname: 'a', Domainname: 'b' }), ['172.17.0.2\ta.b a', 'fd00::2\ta.b a', '']);
});
