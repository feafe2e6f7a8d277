import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical, contains, formatSubnet, overlaps, parseAddress, parseCidr } from './address.js';

for (const [given, written] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::', '::'],
  ['::1', '::1'],
  ['FD00:0:0:1:0:0:0:2', 'fd00:0:0:1::2'],
  ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['1::', '1::'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
] as const) {
  test(`${given} is written ${written}`, () => assert.equal(canonical(given), written));
}

test('what is no address is refused', () => {
  for (const text of ['', 'x', '1.2.3', '1.2.3.4/8', 'fe80::1%eth0', ':::']) {
    assert.throws(() => parseAddress(text), { kind: 'invalid' }, text);
  }
  for (const text of ['1.2.3.4', '1.2.3.4/33', '1.2.3.4/', '::/129', '::/-1', '1.2.3.4/8/8', '1.2.3.4/x']) {
    assert.equal(parseCidr(text), undefined, text);
  }
});

test('subnets', () => {
  const subnet = (text: string) => parseCidr(text)!.subnet;
  assert.equal(formatSubnet(subnet('10.1.2.3/16')), '10.1.0.0/16');
  assert.equal(formatSubnet(subnet('fd00::5/64')), 'fd00::/64');
  assert.ok(contains(subnet('10.0.0.0/8'), 4, parseAddress('10.255.255.255')));
  assert.ok(!contains(subnet('10.0.0.0/8'), 4, parseAddress('11.0.0.0')));
  assert.ok(!contains(subnet('0.0.0.0/0'), 6, parseAddress('::1')));
  assert.ok(overlaps(subnet('10.0.0.0/8'), subnet('10.1.0.0/16')));
  assert.ok(overlaps(subnet('10.1.0.0/16'), subnet('10.0.0.0/8')));
  assert.ok(!overlaps(subnet('10.0.0.0/16'), subnet('10.1.0.0/16')));
  assert.ok(!overlaps(subnet('0.0.0.0/0'), subnet('::/0')));
});
