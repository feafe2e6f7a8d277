import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parseCidr } from './address.js';
import { AddressPool } from './pool.js';

const pool = (subnet: string, range?: string, ...reserved: string[]) =>
  new AddressPool(
    parseCidr(subnet)!.subnet,
    range === undefined ? undefined : parseCidr(range)!.subnet,
    reserved.map(parseAddress),
  );
const drain = (from: AddressPool): string[] => {
  const got: string[] = [];
  for (;;) {
    try {
      got.push(from.allocate());
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, 'conflict');
      return got;
    }
  }
};

test('all addresses of a subnet but its first, its last and the reserved ones, each once', () => {
  assert.deepEqual(
    drain(pool('10.0.0.0/29', undefined, '10.0.0.1')),
    [2, 3, 4, 5, 6].map((n) => `10.0.0.${n}`),
  );
  const many = drain(pool('10.0.0.0/16', undefined, '10.0.0.1'));
  assert.equal(many.length, 65533);
  assert.equal(new Set(many).size, many.length);
  assert.deepEqual(drain(pool('10.0.0.0/31')), ['10.0.0.0', '10.0.0.1']);
  assert.deepEqual(drain(pool('10.0.0.7/32')), ['10.0.0.7']);
});

test('a range alone is given out; outside of it an address can be asked for', () => {
  const p = pool('10.0.0.0/24', '10.0.0.128/30', '10.0.0.129');
  assert.equal(p.hold('10.0.0.5'), '10.0.0.5');
  assert.throws(() => p.hold('10.0.0.5'), { kind: 'forbidden', message: 'Address already in use' });
  assert.deepEqual(drain(p), ['10.0.0.128', '10.0.0.130', '10.0.0.131']);
  p.release('10.0.0.5', false);
  p.hold('10.0.0.5');
});

test('the gateway is nobody else’s', () => {
  const p = pool('10.0.0.0/24', undefined, '10.0.0.1');
  assert.throws(() => p.hold('10.0.0.1'), { kind: 'forbidden' });
  assert.equal(p.allocate('10.0.0.1'), '10.0.0.2');
});

test('what was released is given out last, and the preferred one first', () => {
  const p = pool('10.0.0.0/29', undefined, '10.0.0.1');
  assert.deepEqual([p.allocate(), p.allocate()], ['10.0.0.2', '10.0.0.3']);
  p.release('10.0.0.2', true);
  assert.equal(p.allocate(), '10.0.0.4');
  assert.equal(p.allocate('10.0.0.2'), '10.0.0.2');
  p.release('10.0.0.2', true);
  p.release('10.0.0.3', false);
  assert.deepEqual(drain(p), ['10.0.0.5', '10.0.0.6', '10.0.0.3', '10.0.0.2']);
  p.release('10.0.0.6', true);
  assert.equal(p.allocate('10.0.0.2'), '10.0.0.6');
});

test('a subnet of IPv6 begins behind its own address', () => {
  const p = pool('fd00::/64', undefined, 'fd00::1');
  assert.equal(p.allocate(), 'fd00::2');
  assert.equal(p.hold('fd00::ffff:0:1'), 'fd00::ffff:0:1');
  assert.ok(p.isHeld('fd00::ffff:0:1'));
});
