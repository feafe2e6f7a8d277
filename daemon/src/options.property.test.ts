import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tamed as anyTamed, runs } from '@tinydocker/shared/test-properties.js';
import fc from 'fast-check';
import { parseChallenge } from './image/registry/challenge.js';
import { formatSubnet, parseCidr } from './network/address.js';
import { parseSeccompProfile } from './runtime/seccomp-profile.js';
import { parseSecurityOptions } from './runtime/security-options.js';
import { parseUsernsMode } from './runtime/user-maps.js';

/* What holds for every profile, every word of --security-opt and --userns, every address, every challenge of a registry. */

const tamed = <T>(parse: () => T) => anyTamed(parse, ['invalid', 'not-implemented', 'unavailable']);

const from = (...words: string[]) =>
  fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 10 })
    .map((parts) => parts.join(''));

test('a seccomp profile has known actions and numbers within their range, or is refused', () => {
  const action = fc.oneof(
    fc.constantFrom('SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO', 'SCMP_ACT_NOTIFY', 'SCMP_ACT_'),
    fc.jsonValue(),
  );
  const number = fc.oneof(fc.integer(), fc.bigInt(0n, 2n ** 65n).map(String), fc.jsonValue());
  const list = <T>(one: fc.Arbitrary<T>) => fc.oneof(fc.array(one, { maxLength: 3 }), fc.jsonValue());
  const rule = fc.record(
    {
      names: list(fc.string()),
      name: fc.jsonValue(),
      action,
      errnoRet: number,
      args: list(
        fc.record(
          {
            index: number,
            value: number,
            valueTwo: number,
            op: fc.oneof(fc.constantFrom('SCMP_CMP_EQ', 'SCMP_CMP_MASKED_EQ'), fc.jsonValue()),
          },
          { requiredKeys: [] },
        ),
      ),
      includes: fc.jsonValue(),
      excludes: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const profile = fc.record(
    {
      defaultAction: action,
      defaultErrnoRet: number,
      architectures: list(fc.constantFrom('SCMP_ARCH_X86', 'x')),
      archMap: fc.jsonValue(),
      flags: list(fc.constantFrom('SECCOMP_FILTER_FLAG_LOG', 'x')),
      syscalls: list(rule),
      listenerPath: fc.jsonValue(),
    },
    { requiredKeys: ['defaultAction'] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        profile.map((one) => JSON.stringify(one)),
        fc.json(),
        fc.string(),
      ),
      (text) => {
        const read = tamed(() => parseSeccompProfile(text));
        if (!read) return;
        assert.match(read.defaultAction, /^SCMP_ACT_[A-Z_]+$/);
        for (const { action, errnoRet, args } of read.syscalls ?? []) {
          assert.match(action, /^SCMP_ACT_[A-Z_]+$/);
          assert.ok((errnoRet ?? 0) >= 0 && (errnoRet ?? 0) <= 0xffff);
          for (const { index, value } of args ?? [])
            assert.ok(index >= 0 && index < 6 && BigInt(value ?? 0) >= 0n && BigInt(value ?? 0) < 2n ** 64n);
        }
      },
    ),
    runs,
  );
});

test('words of options are understood, or refused', () => {
  const option = from(
    'seccomp',
    'apparmor',
    'label',
    'no-new-privileges',
    'systempaths',
    '=',
    ':',
    'unconfined',
    'true',
    'disable',
    '{',
    '}',
  );
  fc.assert(
    fc.property(
      fc.array(option, { maxLength: 3 }),
      from('auto', 'host', ':', 'size', '=', '65536', '-1', '9'.repeat(20)),
      (options, mode) => {
        tamed(() => parseSecurityOptions(options));
        const userns = tamed(() => parseUsernsMode(mode));
        if (userns?.kind === 'auto')
          assert.ok(Number.isSafeInteger(userns.size) && userns.size > 0 && userns.size <= 2 ** 32);
      },
    ),
    runs,
  );
});

test('a subnet is written as it was read, and a challenge is read in a moment', () => {
  fc.assert(
    fc.property(from('10.', '0', '255', '.', '/', '8', '33', '::', 'fe80', ':', '128', '1'), (text) => {
      const read = tamed(() => parseCidr(text));
      if (!read) return;
      const again = parseCidr(formatSubnet(read.subnet))!;
      assert.deepEqual(again.subnet, read.subnet);
      assert.equal(again.address, read.subnet.base);
    }),
    runs,
  );
  fc.assert(
    fc.property(
      from('Bearer', 'Basic', ' ', 'realm', '=', '"', ',', 'service', '\\', '\n', 'a'.repeat(50)),
      (header) => {
        assert.match(parseChallenge(header).scheme, /^[a-z]*$/);
      },
    ),
    runs,
  );
});
