import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkDeviceRule,
  parseByteRate,
  parseDevice,
  parseDeviceWeight,
  parseOperationRate,
} from './device-options.js';

test('devices: one path, two, and what may be done', () => {
  const device = (PathOnHost: string, PathInContainer: string, CgroupPermissions: string) => ({
    PathOnHost,
    PathInContainer,
    CgroupPermissions,
  });
  assert.deepEqual(parseDevice('/dev/a'), device('/dev/a', '/dev/a', 'rwm'));
  assert.deepEqual(parseDevice('/dev/a:/dev/b'), device('/dev/a', '/dev/b', 'rwm'));
  assert.deepEqual(parseDevice('/dev/a:rw'), device('/dev/a', '/dev/a', 'rw'));
  assert.deepEqual(parseDevice('/dev/a:/dev/b:r'), device('/dev/a', '/dev/b', 'r'));
  assert.throws(() => parseDevice('/dev/a:/dev/b:zz'), { message: 'bad mode specified: zz' });
  assert.throws(() => parseDevice('/dev/a:/dev/b:rr'), { message: 'bad mode specified: rr' });
  assert.throws(() => parseDevice('relative'), { message: 'relative is not an absolute path' });
  assert.throws(() => parseDevice('/a:/b:r:x'), { message: 'bad format for path: /a:/b:r:x' });
  assert.throws(() => parseDevice(':/b'), { message: 'bad format for path: :/b' });
});

test('rules of the device cgroup', () => {
  assert.equal(checkDeviceRule('c 1:* rw'), 'c 1:* rw');
  assert.throws(() => checkDeviceRule('zz'), { message: "invalid device cgroup format 'zz'" });
});

test('rates of block devices', () => {
  assert.deepEqual(parseByteRate('/dev/vda:1mb'), { Path: '/dev/vda', Rate: 2 ** 20 });
  assert.deepEqual(parseOperationRate('/dev/vda:100'), { Path: '/dev/vda', Rate: 100 });
  assert.throws(() => parseByteRate('/dev/vda'), { message: 'bad format: /dev/vda' });
  assert.throws(() => parseByteRate('vda:1mb'), { message: 'bad format for device path: vda:1mb' });
  assert.throws(() => parseByteRate('/dev/vda:xx'), /can be kb, mb, or gb$/);
  for (const rate of ['-1', '1k', '']) {
    assert.throws(() => parseOperationRate(`/dev/vda:${rate}`), {
      message: `invalid rate for device: /dev/vda:${rate}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    });
  }
});

test('weights of block devices', () => {
  assert.deepEqual(parseDeviceWeight('/dev/vda:300'), { Path: '/dev/vda', Weight: 300 });
  for (const weight of ['5', '1001', 'x'])
    assert.throws(() => parseDeviceWeight(`/dev/vda:${weight}`), {
      message: `invalid weight for device: /dev/vda:${weight}`,
    });
});
