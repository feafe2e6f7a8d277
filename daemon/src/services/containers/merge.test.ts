import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeConfig, mergeHostConfig } from './merge.js';

const IMAGE = {
  Env: ['PATH=/bin', 'A=image'],
  Cmd: ['image-cmd'],
  Entrypoint: ['image-entry'],
  WorkingDir: '/image',
  User: 'www',
  Labels: { a: 'image', b: 'image' },
  StopSignal: 'SIGINT',
};

test('the request goes over the image, line by line', () => {
  const merged = mergeConfig({ Image: 'x', Env: ['A=1'], Labels: { a: 'mine' }, WorkingDir: '/w/../v' }, IMAGE, 'h');
  assert.deepEqual(merged.Env, ['A=1', 'PATH=/bin']);
  assert.deepEqual(merged.Labels, { a: 'mine', b: 'image' });
  assert.deepEqual(
    [merged.WorkingDir, merged.User, merged.StopSignal, merged.Hostname, merged.Image],
    ['/v', 'www', 'SIGINT', 'h', 'x'],
  );
});

test('entrypoint and command follow Docker’s rules', () => {
  const of = (Entrypoint: string[] | null | undefined, Cmd: string[] | null | undefined) => {
    const merged = mergeConfig({ Entrypoint, Cmd }, IMAGE, 'h');
    return [merged.Entrypoint, merged.Cmd];
  };
  assert.deepEqual(of(undefined, undefined), [['image-entry'], ['image-cmd']]);
  assert.deepEqual(of(null, ['c']), [['image-entry'], ['c']]);
  assert.deepEqual(of(['e'], undefined), [['e'], null]);
  assert.deepEqual(of(['e'], ['c']), [['e'], ['c']]);
  assert.deepEqual(of([''], ['c']), [null, ['c']]);
  assert.deepEqual(of([''], undefined), [null, null]);
  assert.deepEqual(of([], []), [null, ['image-cmd']]);
});

test('what is left out of the host configuration has Docker’s defaults', () => {
  const merged = mergeHostConfig({ Memory: 1e8, PidsLimit: 0, MemorySwappiness: -1 }, 'none');
  assert.deepEqual(
    [merged.NetworkMode, merged.MemorySwap, merged.PidsLimit, merged.MemorySwappiness, merged.ShmSize],
    ['none', 2e8, null, null, 64 * 1024 * 1024],
  );
  assert.deepEqual(merged.LogConfig, { Type: 'json-file', Config: {} });
  assert.ok(merged.MaskedPaths?.includes('/proc/kcore'));
  assert.deepEqual(mergeHostConfig({ MaskedPaths: [], ReadonlyPaths: [] }, 'none').MaskedPaths, []);
  assert.equal(mergeHostConfig({ Privileged: true }, 'none').MaskedPaths, null);
});
