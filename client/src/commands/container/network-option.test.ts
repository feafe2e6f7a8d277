import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networksOf, parseNetwork } from './network-option.js';

test('a name, and the long form', () => {
  assert.deepEqual(parseNetwork('front'), { name: 'front', options: {} });
  assert.deepEqual(parseNetwork('container:web'), { name: 'container:web', options: {} });
  const { name, options } = parseNetwork('name=back,alias=a,alias=b,ip=10.0.0.7,gw-priority=-1,driver-opt=k=v');
  assert.equal(name, 'back');
  assert.deepEqual(options, {
    aliases: ['a', 'b'],
    ip: '10.0.0.7',
    gwPriority: -1,
    linkLocal: [],
    driverOpts: { k: 'v' },
  });
  assert.throws(() => parseNetwork('name=x,nope=1'), /invalid field key nope/);
  assert.throws(() => parseNetwork('name=x,gw-priority=high'), /invalid gw-priority high/);
});

test('flags of their own are about the first network', () => {
  assert.deepEqual(networksOf([], {}), { mode: undefined, endpoints: undefined });
  assert.deepEqual(networksOf([parseNetwork('front')], {}), { mode: 'front', endpoints: undefined });
  const { mode, endpoints } = networksOf([parseNetwork('front'), parseNetwork('back')], { ip: '10.0.0.7' });
  assert.equal(mode, 'front');
  assert.equal(endpoints?.front?.IPAMConfig?.IPv4Address, '10.0.0.7');
  assert.deepEqual(Object.keys(endpoints ?? {}), ['front', 'back']);
});

test('what contradicts itself is refused', () => {
  assert.throws(() => networksOf([parseNetwork('name=a,ip=10.0.0.7')], { ip: '10.0.0.8' }), /conflicting options/);
  assert.throws(() => networksOf([parseNetwork('a'), parseNetwork('a')], {}), /specified multiple times/);
  assert.throws(() => networksOf([parseNetwork('a'), parseNetwork('host')], {}), /conflicting options/);
  assert.throws(() => networksOf([], { aliases: ['db'] }), /only supported for user-defined networks/);
  assert.throws(() => networksOf([parseNetwork('a')], { ip: 'x' }), /invalid IPv4 address: x/);
});
