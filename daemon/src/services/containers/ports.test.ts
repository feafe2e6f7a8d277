import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRecord } from '../../store/containers.js';
import { normalizeBindings, portList, portMap, portRequests } from './ports.js';

const at = (HostPort: string, HostIp = '') => ({ HostIp, HostPort });

test('bindings become requests, and what is only exposed with --publish-all', () => {
  const config = { ExposedPorts: { '53/udp': {}, '80/tcp': {}, '9/tcp': {} } };
  const bindings = { '80/tcp': [at('8080'), at('', '127.0.0.1')], '53/udp': [at('5000-5010')] };
  const tcp = { port: 80, protocol: 'tcp' };
  const bound = [
    { port: 53, protocol: 'udp', hostIp: '', hostPort: 5000, lastHostPort: 5010 },
    { ...tcp, hostIp: '', hostPort: 8080, lastHostPort: 8080 },
    { ...tcp, hostIp: '127.0.0.1', hostPort: 0, lastHostPort: 0 },
  ];
  assert.deepEqual(portRequests(config, { PortBindings: bindings }), bound);
  const all = portRequests(config, { PortBindings: bindings, PublishAllPorts: true });
  assert.deepEqual(all, [{ port: 9, protocol: 'tcp', hostIp: '', hostPort: 0, lastHostPort: 0 }, ...bound]);
  assert.equal(portRequests(config, { PortBindings: bindings }, '10.0.0.1')[1]!.hostIp, '10.0.0.1');
  assert.deepEqual(portRequests(config, { PortBindings: { '80/tcp': null } }), []);
});

test('a port is known by one name', () => {
  assert.deepEqual(normalizeBindings({ '80': [at('1')], '80/TCP': [at('2', '[::1]')] }), {
    '80/tcp': [at('1'), at('2', '::1')],
  });
});

test('what is no port, no range and no address is refused', () => {
  for (const [bindings, text] of [
    [{ 'x/tcp': [at('1')] }, 'invalid port specification: "x"'],
    [{ '0/tcp': [at('1')] }, 'invalid port specification: "0"'],
    [{ '70000/tcp': [at('1')] }, 'invalid port specification: "70000"'],
    [{ '80-82/tcp': [at('1')] }, 'invalid port specification: "80-82"'],
    [{ '80/foo': [at('1')] }, 'invalid port specification: "80"'],
    [{ '80/tcp': [at('x')] }, 'invalid port specification: "x"'],
    [{ '80/tcp': [at('9-8')] }, 'invalid port specification: "9-8"'],
    [{ '80/tcp': [at('70000')] }, 'invalid port specification: "70000"'],
    [{ '80/tcp': [at('80', '1.2.3')] }, 'invalid IP address: 1.2.3'],
    [{ '80/tcp': [at('80', '; reboot')] }, 'invalid IP address: ; reboot'],
    [{ '80/tcp': [at('80', 'fe80::1%eth0')] }, 'invalid IP address: fe80::1%eth0'],
  ] as const) {
    assert.throws(() => normalizeBindings(bindings as never), { kind: 'invalid', message: text });
  }
});

test('ports as inspect and list show them', () => {
  const published = { port: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 };
  const record = {
    config: { ExposedPorts: { '80/tcp': {}, '7/udp': {} } },
    hostConfig: { PortBindings: {} },
    endpoints: [{ place: { host: 'veth0' } }],
    state: { status: 'running', published: { networkId: 'n', ports: [published] } },
  } as unknown as ContainerRecord;
  assert.deepEqual(portMap(record), { '80/tcp': [at('8080', '0.0.0.0')], '7/udp': null });
  assert.deepEqual(portList(record), [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 7, Type: 'udp' },
  ]);
  const ended = { ...record, state: { ...record.state, status: 'exited' } } as ContainerRecord;
  assert.deepEqual([portMap(ended), portList(ended)], [{}, []]);
  // In the network of the host, or on an interface of it.
  const host = { ...record, endpoints: [{ place: { host: '' } }] } as unknown as ContainerRecord;
  assert.deepEqual([portMap(host), portList(host)], [{}, []]);
});
