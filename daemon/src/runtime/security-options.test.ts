import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSecurityOptions } from './security-options.js';

test('every option, with either sign', () => {
  assert.deepEqual(parseSecurityOptions(null), { labels: [] });
  assert.deepEqual(
    parseSecurityOptions([
      'seccomp={"a":\n"b=c"}',
      'apparmor:web',
      'label=type:x_t',
      'label:disable',
      'no-new-privileges',
    ]),
    { seccomp: '{"a":\n"b=c"}', apparmor: 'web', labels: ['type:x_t', 'disable'], noNewPrivileges: true },
  );
  assert.equal(parseSecurityOptions(['no-new-privileges:false']).noNewPrivileges, false);
  assert.equal(parseSecurityOptions(['no-new-privileges=1']).noNewPrivileges, true);
  assert.equal(parseSecurityOptions(['writable-cgroups']).writableCgroups, true);
  assert.deepEqual(parseSecurityOptions(['disable']).labels, ['disable']);
});

for (const option of ['', 'x', 'seccomp', 'apparmor', 'no-new-privileges=maybe', 'systempaths=unconfined', 'x=y']) {
  test(`refuses ${JSON.stringify(option)}`, () => {
    assert.throws(() => parseSecurityOptions([option]), {
      kind: 'invalid',
      message: `invalid --security-opt: "${option}"`,
    });
  });
}
