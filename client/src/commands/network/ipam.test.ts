import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipamConfig, type Subnets } from './ipam.js';

const of = (given: Partial<Subnets>) =>
  ipamConfig({ subnet: [], 'ip-range': [], gateway: [], 'aux-address': [], ...given });

test('everything comes to the subnet that it is in', () => {
  assert.deepEqual(of({}), []);
  assert.deepEqual(
    of({
      subnet: ['10.1.0.0/24', 'fd00:1::/64'],
      gateway: ['fd00:1::9', '10.1.0.9'],
      'ip-range': ['10.1.0.128/25'],
      'aux-address': ['printer=10.1.0.5', 'other=10.1.0.6'],
    }),
    [
      {
        Subnet: '10.1.0.0/24',
        Gateway: '10.1.0.9',
        IPRange: '10.1.0.128/25',
        AuxiliaryAddresses: { printer: '10.1.0.5', other: '10.1.0.6' },
      },
      { Subnet: 'fd00:1::/64', Gateway: 'fd00:1::9' },
    ],
  );
});

test('what is in none, and what is there twice, is refused', () => {
  const subnet = ['10.1.0.0/24'];
  assert.throws(() => of({ gateway: ['10.1.0.1'] }), /every ip-range or gateway must have a corresponding subnet/);
  assert.throws(() => of({ subnet, gateway: ['10.2.0.1'] }), /no matching subnet for gateway 10\.2\.0\.1/);
  assert.throws(() => of({ subnet, 'aux-address': ['a=10.2.0.1'] }), /no matching subnet for aux-address 10\.2\.0\.1/);
  assert.throws(() => of({ subnet, gateway: ['10.1.0.1', '10.1.0.2'] }), /cannot configure multiple gateways/);
  assert.throws(() => of({ subnet, 'ip-range': ['10.1.0.0/25', '10.1.0.128/25'] }), /cannot configure multiple ranges/);
  assert.throws(() => of({ subnet: ['10.1.0.0/16', '10.1.5.0/24'] }), /overlapping/);
});
