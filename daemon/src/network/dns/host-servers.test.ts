import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { HostServers, parseServers } from './host-servers.js';

test('the servers of a resolv.conf, three at most', () => {
  const text = `# nameserver 192.0.2.9
;nameserver 192.0.2.9
search example.org
nameserver 127.0.0.53
  nameserver\t2001:db8::1   # comment
nameserver fe80::1%eth0
nameserver nonsense
nameserver
nameserver 192.0.2.3
nameserver 192.0.2.4
options edns0`;
  assert.deepEqual(parseServers(text), ['127.0.0.53', '2001:db8::1', '192.0.2.3']);
  assert.deepEqual(parseServers(''), []);
});

test('a file that changes is read again, one that is gone is remembered', () => {
  const directory = mkdtempSync(join(tmpdir(), 'host-servers-'));
  after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'resolv.conf');
  const servers = new HostServers(file);
  assert.deepEqual(servers.list(), []);
  writeFileSync(file, 'nameserver 192.0.2.1\n');
  assert.deepEqual(servers.list(), ['192.0.2.1']);
  writeFileSync(`${file}.new`, 'nameserver 192.0.2.2\n');
  renameSync(`${file}.new`, file);
  assert.deepEqual(servers.list(), ['192.0.2.2']);
  rmSync(file);
  assert.deepEqual(servers.list(), ['192.0.2.2']);
});
