import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CAPABILITIES,
  capabilitiesOfMask,
  capabilityName,
  DEFAULT_CAPABILITIES,
  resolveCapabilities,
} from './capabilities.js';

test('names are read in every spelling', () => {
  for (const given of ['net_admin', 'NET_ADMIN', 'cap_net_admin', 'CAP_NET_ADMIN'])
    assert.equal(capabilityName(given), 'CAP_NET_ADMIN');
  assert.equal(capabilityName('all'), 'ALL');
  assert.equal(capabilityName('CAP_ALL'), 'ALL');
  assert.equal(capabilityName('FOO'), undefined);
});

test('a mask of the kernel names its capabilities', () => {
  assert.deepEqual(capabilitiesOfMask('0000000000000001'), ['CAP_CHOWN']);
  assert.deepEqual(capabilitiesOfMask('0000000001000000'), ['CAP_SYS_RESOURCE']);
  assert.deepEqual(capabilitiesOfMask('000001ffffffffff'), [...CAPABILITIES]);
  // What dockerd's containers have in CapBnd.
  assert.deepEqual(new Set(capabilitiesOfMask('00000000a80425fb')), new Set(DEFAULT_CAPABILITIES));
});

test('add and drop change the default', () => {
  const of = (add: string[], drop: string[]) => resolveCapabilities(false, add, drop, CAPABILITIES);
  assert.deepEqual(of([], []), [...DEFAULT_CAPABILITIES]);
  assert.deepEqual(of(['SYS_TIME'], ['ALL']), ['CAP_SYS_TIME']);
  assert.ok(!of([], ['chown']).includes('CAP_CHOWN'));
  assert.ok(of(['sys_admin'], ['chown']).includes('CAP_SYS_ADMIN'));
  assert.deepEqual(
    of(['ALL'], ['SYS_ADMIN', 'BPF']),
    CAPABILITIES.filter((name) => name !== 'CAP_SYS_ADMIN' && name !== 'CAP_BPF'),
  );
});

test('nothing is given that the daemon has not', () => {
  const all = CAPABILITIES.filter((name) => name !== 'CAP_MKNOD');
  assert.ok(!resolveCapabilities(false, [], [], all).includes('CAP_MKNOD'));
  assert.deepEqual(resolveCapabilities(true, [], ['CHOWN'], all), all);
});
