import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logSettings } from './log-config.js';

const settings = (Type: string, Config: Record<string, string> | null = null) =>
  logSettings({ LogConfig: { Type, Config } });

test('logs rotate where nothing is asked for, and as it is asked for', () => {
  assert.deepEqual(logSettings({}), { driver: 'json-file', maxSize: 20 * 1024 * 1024, maxFiles: 5 });
  assert.deepEqual(settings('json-file', { 'max-size': '10m', 'max-file': '3' }), {
    driver: 'json-file',
    maxSize: 10_000_000,
    maxFiles: 3,
  });
  assert.deepEqual(settings('', { 'max-size': '-1' }), { driver: 'json-file', maxSize: 0, maxFiles: 5 });
  assert.deepEqual(settings('none', { anything: '1' }), { driver: 'none' });
});

test('what cannot be done is refused', () => {
  for (const size of ['x', '0', '', '-2', '1q'])
    assert.throws(() => settings('json-file', { 'max-size': size }), { kind: 'invalid' }, size);
  for (const files of ['0', 'x', '-1', '1.5'])
    assert.throws(() => settings('json-file', { 'max-file': files }), { kind: 'invalid' }, files);
  assert.throws(() => settings('json-file', { odd: '1' }), {
    message: "unknown log opt 'odd' for json-file log driver",
  });
  assert.throws(() => settings('json-file', { labels: 'a' }), { kind: 'not-implemented' });
  assert.throws(() => settings('syslog'), { kind: 'not-implemented' });
  assert.throws(() => settings('odd'), { message: 'error looking up logging plugin odd: plugin "odd" not found' });
});
