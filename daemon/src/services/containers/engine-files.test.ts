import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, resolvConfFile } from './engine-files.js';

test('further hosts stand behind those that every container has', () => {
  const lines = hostsFile({ hostConfig: { ExtraHosts: ['a:1.2.3.4', 'b:::1'] } }).split('\n');
  assert.equal(lines[0], '127.0.0.1\tlocalhost');
  assert.deepEqual(lines.slice(-3), ['1.2.3.4\ta', '::1\tb', '']);
});

test('name servers are the host’s, unless the request has its own', () => {
  const host = '# comment\nnameserver 9.9.9.9\nsearch lan\noptions edns0\nsortlist x\n';
  assert.equal(resolvConfFile({ hostConfig: {} }, host), 'nameserver 9.9.9.9\nsearch lan\noptions edns0\n');
  assert.equal(
    resolvConfFile({ hostConfig: { Dns: ['1.1.1.1'], DnsSearch: ['a', 'b'], DnsOptions: ['ndots:1'] } }, host),
    'nameserver 1.1.1.1\nsearch a b\noptions ndots:1\n',
  );
  assert.equal(resolvConfFile({ hostConfig: {} }, ''), '');
});
