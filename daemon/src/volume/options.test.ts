import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOptions, volumeSource } from './options.js';

test('what stands for a volume', () => {
  assert.deepEqual(volumeSource(null), { kind: 'directory' });
  assert.deepEqual(volumeSource({}), { kind: 'directory' });
  assert.deepEqual(volumeSource({ type: 'none', o: 'bind,ro', device: '/d' }), {
    ...{ kind: 'bind', path: '/d', recursive: false, rw: false },
  });
  assert.deepEqual(volumeSource({ type: 'nfs', o: 'addr=10.0.0.1,rw', device: ':/x' }), {
    ...{ kind: 'filesystem', type: 'nfs', device: ':/x', options: ['addr=10.0.0.1', 'rw'] },
  });
});

for (const [options, sentence] of [
  [{ foo: '1' }, 'invalid option: "foo"'],
  [{ type: 'tmpfs' }, 'missing required option: "device"'],
  [{ device: 'tmpfs' }, 'missing required option: "type"'],
  [{ size: '1m' }, 'quota size requested but no quota support'],
  [{ o: 'bind', device: 'a' }, 'invalid option "device": "a" is not an absolute path'],
] as [Record<string, string>, string][]) {
  test(`options ${JSON.stringify(options)} are refused`, () => {
    assert.throws(() => checkOptions(options), { kind: 'invalid', message: sentence });
  });
}
