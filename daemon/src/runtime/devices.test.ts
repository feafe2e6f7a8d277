import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blockIo, containerDevices, devicePermissions, deviceTarget, parseDeviceRule } from './devices.js';

test('rules: numbers, wildcards, both types', () => {
  assert.deepEqual(parseDeviceRule('c 1:3 mr'), [{ allow: true, type: 'c', major: 1, minor: 3, access: 'mr' }]);
  assert.deepEqual(parseDeviceRule('b 8:* rwm'), [{ allow: true, type: 'b', major: 8, access: 'rwm' }]);
  assert.deepEqual(parseDeviceRule('a *:* r'), [
    { allow: true, type: 'b', access: 'r' },
    { allow: true, type: 'c', access: 'r' },
  ]);
  for (const text of [
    '',
    'c',
    'c 1:3',
    'd 1:3 r',
    'c 1:3 rwmm',
    'c 1:3 r ',
    ' c 1:3 r',
    'c 1:3 r\n',
    'c 99999999999:1 r',
  ])
    assert.throws(() => parseDeviceRule(text), { kind: 'invalid', message: /^invalid device cgroup rule format/ });
});

test('what a mapping says, and what it leaves out', () => {
  assert.equal(devicePermissions(undefined), 'rwm');
  assert.equal(devicePermissions('r'), 'r');
  assert.throws(() => devicePermissions('x'), { message: 'invalid device mode: x' });
  assert.equal(deviceTarget({ PathOnHost: '/dev/a' }), '/dev/a');
  assert.equal(deviceTarget({ PathOnHost: '/dev/a', PathInContainer: '/dev/../x//y' }), '/x/y');
  assert.throws(() => deviceTarget({ PathOnHost: 'dev/a' }), { kind: 'invalid' });
});

test('nothing asked for: Docker’s rules, and no nodes', () => {
  const { nodes, mounts, rules } = containerDevices({});
  assert.deepEqual([nodes, mounts], [[], []]);
  assert.deepEqual(rules![0], { allow: false, access: 'rwm' });
  assert.ok(rules!.slice(1).every(({ allow }) => allow));
  assert.equal(containerDevices({ Privileged: true }).rules, undefined);
});

test('a link of the host is followed, its target made in the container', () => {
  const dir = mkdtempSync(join(tmpdir(), 'devices-'));
  try {
    symlinkSync('/dev/null', join(dir, 'link'));
    const Devices = [{ PathOnHost: join(dir, 'link'), PathInContainer: '/dev/mine', CgroupPermissions: 'r' }];
    const { nodes, rules } = containerDevices({ Devices });
    assert.deepEqual([nodes[0]!.path, nodes[0]!.major, nodes[0]!.minor], ['/dev/mine', 1, 3]);
    assert.deepEqual(rules!.at(-1), { allow: true, type: 'c', major: 1, minor: 3, access: 'r' });
    const outside = containerDevices({ Devices: [{ ...Devices[0], PathInContainer: '/srv/mine' }] });
    assert.deepEqual(outside.nodes, []);
    assert.deepEqual(outside.mounts, [
      { destination: '/srv/mine', type: 'bind', source: '/dev/null', options: ['bind', 'rprivate'] },
    ]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('what the host does not have', () => {
  assert.throws(() => containerDevices({ Devices: [{ PathOnHost: '/dev/nosuch' }] }), {
    kind: 'system',
    message: 'error gathering device information while adding custom device "/dev/nosuch": no such file or directory',
  });
  assert.throws(() => blockIo({ BlkioDeviceReadBps: [{ Path: '/dev/nosuch', Rate: 1 }] }), {
    message: 'stat /dev/nosuch: no such file or directory',
  });
});

test('block devices by their numbers', () => {
  assert.equal(blockIo({ BlkioWeight: 0, BlkioDeviceReadBps: [], BlkioWeightDevice: null }), undefined);
  const io = blockIo({ BlkioWeight: 300, BlkioDeviceWriteIOps: [{ Path: '/dev/null', Rate: 10 }] });
  assert.deepEqual(JSON.parse(JSON.stringify(io)), {
    weight: 300,
    throttleWriteIOPSDevice: [{ major: 1, minor: 3, rate: 10 }],
  });
});
