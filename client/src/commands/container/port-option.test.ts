import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePublish } from './port-option.js';

const at = (HostPort: string, HostIp = '') => ({ HostIp, HostPort });

test('ports of the host and of the container', () => {
  for (const [value, bindings] of [
    ['80', { '80/tcp': [at('')] }],
    ['8080:80', { '80/tcp': [at('8080')] }],
    ['8080:80/UDP', { '80/udp': [at('8080')] }],
    ['127.0.0.1:8080:80', { '80/tcp': [at('8080', '127.0.0.1')] }],
    ['127.0.0.1::80', { '80/tcp': [at('', '127.0.0.1')] }],
    ['[::1]:88:80/sctp', { '80/sctp': [at('88', '::1')] }],
    ['8000-8002:80', { '80/tcp': [at('8000-8002')] }],
    ['8000-8001:90-91', { '90/tcp': [at('8000')], '91/tcp': [at('8001')] }],
    ['90-91', { '90/tcp': [at('')], '91/tcp': [at('')] }],
    ['target=80,published=8080,protocol=udp', { '80/udp': [at('8080')] }],
  ] as const) {
    const options = parsePublish([value]);
    assert.deepEqual(options.bindings, bindings, value);
    assert.deepEqual(Object.keys(options.exposed), Object.keys(bindings), value);
  }
});

test('a port may be published more than once', () => {
  assert.deepEqual(parsePublish(['80:80', '127.0.0.1:81:80']).bindings, {
    '80/tcp': [at('80'), at('81', '127.0.0.1')],
  });
});

test('what is none says why, as Docker does', () => {
  for (const [value, message] of [
    ['abc:80', 'Invalid hostPort: abc'],
    ['99999:80', 'Invalid hostPort: 99999'],
    ['80:abc', 'Invalid containerPort: abc'],
    ['80:0', 'Invalid containerPort: 0'],
    ['1.2.3:80:80', 'Invalid ip address: 1.2.3'],
    ['80/foo', 'Invalid proto: foo'],
    ['8000-8001:80-82', 'Invalid ranges specified for container and host Ports: 80-82 and 8000-8001'],
    ['80:', 'No port specified: 80:<empty>'],
    ['target=', "invalid publish opts format (should be name=value but got 'target=')"],
  ] as const) {
    assert.throws(() => parsePublish([value]), { name: 'Failure', message }, value);
  }
});
