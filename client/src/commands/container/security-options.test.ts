import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { securityConfig } from './security-options.js';

const dir = mkdtempSync(join(tmpdir(), 'td-security-'));
after(() => rmSync(dir, { recursive: true }));

test('a profile is sent as what is in its file, number for number', () => {
  const file = join(dir, 'profile.json');
  writeFileSync(file, '{\n  "a": "b  \\"c\\" d",\n  "value": 18446744069414584321 }\n');
  assert.deepEqual(securityConfig([`seccomp=${file}`]), {
    SecurityOpt: ['seccomp={"a":"b  \\"c\\" d","value":18446744069414584321}'],
  });
  writeFileSync(file, '{');
  assert.throws(() => securityConfig([`seccomp=${file}`]), /compacting json for seccomp profile/);
  assert.throws(
    () => securityConfig(['seccomp=/none/such']),
    /opening seccomp profile \(\/none\/such\) failed: ENOENT/,
  );
});

test('names of profiles and all else go as they are; paths of the system are no option of the engine', () => {
  const options = ['seccomp=unconfined', 'seccomp:builtin', 'apparmor=x', 'no-new-privileges', 'label=disable'];
  assert.deepEqual(securityConfig(options), { SecurityOpt: options });
  assert.deepEqual(securityConfig(['systempaths=unconfined']), { MaskedPaths: [], ReadonlyPaths: [] });
  assert.deepEqual(securityConfig([]), {});
  for (const option of ['nonsense', 'apparmor', 'seccomp='])
    assert.throws(() => securityConfig([option]), new RegExp(`invalid --security-opt: "${option}"`));
});
