import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSubnet, parseCidr } from './address.js';
import { chooseSubnet, DEFAULT_POOLS, overlapping, type SubnetPool, uniqueLocalPools } from './subnets.js';

const subnet = (text: string) => parseCidr(text)!.subnet;
const taken = (...all: string[]) => all.map((text) => ({ by: text, subnet: subnet(text) }));
const pools: SubnetPool[] = [
  { base: subnet('10.0.0.0/22'), size: 24 },
  { base: subnet('10.9.0.0/24'), size: 24 },
];
const choose = (...all: string[]) => formatSubnet(chooseSubnet(pools, 4, taken(...all)));

test('the first piece that nobody has', () => {
  assert.equal(choose(), '10.0.0.0/24');
  assert.equal(choose('10.0.0.0/24'), '10.0.1.0/24');
  assert.equal(choose('10.0.0.64/26', '10.0.1.255/32'), '10.0.2.0/24');
  assert.equal(choose('10.0.0.0/23', '192.168.0.0/16'), '10.0.2.0/24');
  assert.equal(choose('10.0.0.0/16'), '10.9.0.0/24');
  assert.throws(() => choose('10.0.0.0/8'), { kind: 'forbidden', message: /all predefined address pools/ });
});

test('thousands of networks', () => {
  const all = taken('172.17.0.0/16');
  for (let i = 0; i < 3840; i++) all.push({ by: '', subnet: chooseSubnet(DEFAULT_POOLS, 4, all) });
  assert.throws(() => chooseSubnet(DEFAULT_POOLS, 4, all), { kind: 'forbidden' });
  for (const [i, one] of all.entries()) assert.equal(overlapping(all.slice(i + 1, i + 5), one.subnet), undefined);
});

test('the unique local subnets of a machine are its own', () => {
  const first = chooseSubnet(uniqueLocalPools(Buffer.from('0123456789', 'hex')), 6, []);
  assert.equal(formatSubnet(first), 'fd01:2345:6789::/64');
});
