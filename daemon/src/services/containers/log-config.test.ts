import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Paths } from '../../paths.js';
import type { ContainerRecord } from '../../store/containers.js';
import { logFilesOf, logPathOf, shimLogOf, validateLogConfig, withLogDefaults } from './log-config.js';

const deps = { paths: new Paths('/data', '/run/x') };
const ID = 'c'.repeat(64);

const container = (Type: string, Config: Record<string, string> | null = null): ContainerRecord =>
  ({
    ...{ id: ID, name: 'web', imageId: `sha256:${'a'.repeat(64)}`, image: 'busybox:1' },
    config: { Labels: { a: 'x & y', b: '2', 'c.d': '3' }, Env: ['FOO=bar', 'BAZ=q=r', 'ODD'], Cmd: ['true'] },
    hostConfig: { LogConfig: { Type, Config } },
  }) as unknown as ContainerRecord;

const shimLog = (type: string, options: Record<string, string> | null = null) =>
  shimLogOf(deps, container(type, options));
const check = (Type: string, Config: Record<string, string> | null = null) =>
  validateLogConfig({ LogConfig: { Type, Config } });

const MB = 1024 * 1024;

test('logs rotate where nothing is asked for, and as it is asked for', () => {
  const path = `/data/containers/${ID}/${ID}-json.log`;
  assert.deepEqual(shimLog(''), {
    ...{ driver: 'json-file', path, maxSize: 20 * MB, maxFiles: 10 },
    ...{ compress: false, attrs: undefined },
  });
  const rotation = shimLog('json-file', { 'max-size': '10m', 'max-file': '3', compress: 'true' });
  assert.deepEqual([rotation.maxSize, rotation.maxFiles, rotation.compress], [10_000_000, 3, true]);
  assert.equal(shimLog('', { 'max-size': '-1' }).maxSize, 0);
  assert.deepEqual(shimLog('none', { anything: '1' }), { driver: 'none' });
  assert.deepEqual(shimLog('local'), {
    ...{ driver: 'local', path: `/data/containers/${ID}/${ID}-local.log` },
    ...{ maxSize: 20 * MB, maxFiles: 5, compress: true },
  });
});

test('labels, variables and the tag become attributes', () => {
  const attrs = (options: Record<string, string>) => shimLog('json-file', options).attrs;
  assert.equal(attrs({ labels: 'a,none', env: 'BAZ,ODD' }), '{"BAZ":"q=r","a":"x \\u0026 y"}');
  assert.equal(attrs({ 'labels-regex': '^[bc]', 'env-regex': 'FO' }), '{"FOO":"bar","b":"2","c.d":"3"}');
  assert.equal(attrs({ tag: '{{.Name}}/{{ .ID }}' }), `{"tag":"web/${'c'.repeat(12)}"}`);
  assert.equal(attrs({ labels: 'none' }), undefined);
});

test('syslog gets an address, and a file to be read back', () => {
  const log = shimLog('syslog', {
    ...{ 'syslog-address': 'udp://127.0.0.1:1514', 'syslog-facility': 'local3', 'syslog-format': 'rfc5424' },
    ...{ tag: 'x-{{.Name}}', mode: 'non-blocking', 'max-buffer-size': '4m', 'cache-max-size': '1m' },
  });
  assert.deepEqual([log.address, log.facility, log.format, log.tag], ['udp://127.0.0.1:1514', 19, 'rfc5424', 'x-web']);
  assert.deepEqual([log.bufferSize, log.maxSize], [4 * MB, 1_000_000]);
  assert.equal(log.path, `/data/containers/${ID}/${ID}-cached.log`);
  const uncached = container('syslog', { 'cache-disabled': 'true', 'syslog-address': 'tcp://localhost' });
  assert.equal(logFilesOf(deps, uncached), undefined);
  assert.equal(shimLogOf(deps, uncached).address, 'tcp://127.0.0.1:514');
  assert.equal(logPathOf(deps, uncached), '');
});

test("the daemon's defaults stand in for what is left open", () => {
  const defaults = { logDriver: 'local', logOptions: { 'max-size': '1m', 'max-file': '2' } };
  const given = (Type: string, Config: Record<string, string> | null) =>
    withLogDefaults(defaults, { LogConfig: { Type, Config } }).LogConfig;
  assert.deepEqual(withLogDefaults(defaults, {}).LogConfig, { Type: 'local', Config: defaults.logOptions });
  assert.deepEqual(given('local', { 'max-size': '5m' }), {
    Type: 'local',
    Config: { 'max-size': '5m', 'max-file': '2' },
  });
  assert.deepEqual(given('json-file', null), { Type: 'json-file', Config: {} });
});

test('what is wrong is refused in the words that Docker has for it', () => {
  for (const [driver, option, value, message] of [
    ['json-file', 'odd', '1', "unknown log opt 'odd' for json-file log driver"],
    ['local', 'labels', 'a', "unknown log opt 'labels' for log driver local"],
    ['syslog', 'max-size', '1', "unknown log opt 'max-size' for syslog log driver"],
    ['journald', 'odd', '1', "unknown log opt 'odd' for journald log driver"],
    ['odd', 'a', 'b', 'error looking up logging plugin odd: plugin "odd" not found'],
    ['json-file', 'max-size', 'x', "invalid size: 'x'"],
    ['json-file', 'max-size', '0', 'max-size must be a positive number'],
    ['json-file', 'max-file', '0', 'max-file cannot be less than 1'],
    ['json-file', 'max-file', '1.5', 'strconv.Atoi: parsing "1.5": invalid syntax'],
    ['json-file', 'compress', 'x', 'strconv.ParseBool: parsing "x": invalid syntax'],
    ['json-file', 'mode', 'x', 'logger: logging mode not supported: x'],
    ['json-file', 'max-buffer-size', '1m', /only supported with 'mode=non-blocking'/],
    ['json-file', 'tag', '{{.Foo}}', /can't evaluate field Foo/],
    ['json-file', 'tag', '{{', 'template: log-tag:1: unclosed action'],
    ['json-file', 'labels-regex', '(', /error parsing regexp/],
    ['local', 'max-file', '1', 'compression cannot be enabled when max file count is 1'],
    ['syslog', 'syslog-address', 'foo', "unsupported scheme: ''"],
    ['syslog', 'syslog-address', 'http://a', "unsupported scheme: 'http'"],
    ['syslog', 'syslog-address', 'unix:///nonexistent', 'stat /nonexistent: no such file or directory'],
    ['syslog', 'syslog-address', 'udp://127.0.0.1:1:1', 'address 127.0.0.1:1:1: too many colons in address'],
    ['syslog', 'syslog-facility', '24', 'invalid syslog facility'],
    ['syslog', 'syslog-format', 'x', 'Invalid syslog format'],
    ['syslog', 'cache-disabled', 'x', 'invalid value for option cache-disabled: x'],
  ] as const) {
    assert.throws(() => check(driver, { [option]: value }), { kind: 'invalid', message }, `${driver} ${option}`);
  }
  assert.throws(() => check('json-file', { compress: 'true', 'max-file': '1' }), /compress cannot be true when/);
});

test('what is not there yet is said', () => {
  for (const [driver, options] of [
    ['gelf', {}],
    ['syslog', { 'syslog-address': 'tcp+tls://127.0.0.1' }],
    ['syslog', { 'syslog-tls-cert': 'x' }],
    ['syslog', { 'syslog-address': 'tcp://logs.example.org' }],
    ['json-file', { tag: '{{upper .Name}}' }],
  ] as const) {
    assert.throws(() => check(driver, options), { kind: 'not-implemented' }, JSON.stringify([driver, options]));
  }
});
