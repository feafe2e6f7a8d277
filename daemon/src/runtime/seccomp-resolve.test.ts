import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAPABILITIES, DEFAULT_CAPABILITIES } from './capabilities.js';
import { BUILTIN_PROFILE, BUILTIN_PROFILE_WITH_SOCKETCALL } from './seccomp-default.js';
import { parseSeccompProfile, type SyscallRule } from './seccomp-profile.js';
import { kernelIsAtLeast, type OciSeccomp, resolveSeccomp, seccompJson } from './seccomp-resolve.js';

const at = { arch: 'x64', kernel: '6.1.0-13-amd64', capabilities: DEFAULT_CAPABILITIES };

/** Names that are allowed whatever their arguments. */
const allowed = ({ syscalls }: OciSeccomp): Set<string> =>
  new Set(syscalls.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args).flatMap(({ names }) => names));

test('of the default profile what is refused, and what capabilities open', () => {
  const plain = allowed(resolveSeccomp(BUILTIN_PROFILE, at));
  const all = allowed(resolveSeccomp(BUILTIN_PROFILE, { ...at, capabilities: CAPABILITIES }));
  for (const name of ['io_uring_setup', 'keyctl', 'add_key', 'request_key', 'userfaultfd', 'kexec_load', 'socket'])
    assert.ok(!plain.has(name) && !all.has(name), name);
  for (const name of ['bpf', 'perf_event_open', 'mount', 'unshare', 'setns', 'clone3', 'open_by_handle_at'])
    assert.ok(!plain.has(name) && all.has(name), name);
  for (const name of ['read', 'openat2', 'ptrace', 'chroot', 'seccomp', 'arch_prctl']) assert.ok(plain.has(name), name);
  assert.ok(!plain.has('socketcall'));
  assert.ok(allowed(resolveSeccomp(BUILTIN_PROFILE_WITH_SOCKETCALL, at)).has('socketcall'));
});

test('architectures: those of the machine, with their 32 bits', () => {
  const of = (arch: string) => resolveSeccomp(BUILTIN_PROFILE, { ...at, arch }).architectures;
  assert.deepEqual(of('x64'), ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  assert.deepEqual(of('arm64'), ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  const arm = allowed(resolveSeccomp(BUILTIN_PROFILE, { ...at, arch: 'arm64' }));
  assert.ok(arm.has('cacheflush') && !arm.has('arch_prctl') && !arm.has('modify_ldt'));
});

test('conditions: all of what includes lists, any of what excludes lists', () => {
  const counts = (rule: Partial<SyscallRule>) =>
    resolveSeccomp(
      { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['x'], action: 'SCMP_ACT_ALLOW', ...rule }] },
      { ...at, capabilities: ['CAP_A', 'CAP_B'] },
    ).syscalls.length === 1;
  assert.equal(counts({}), true);
  assert.equal(counts({ includes: { caps: ['CAP_A', 'CAP_B'] } }), true);
  assert.equal(counts({ includes: { caps: ['CAP_A', 'CAP_C'] } }), false);
  assert.equal(counts({ excludes: { caps: ['CAP_C', 'CAP_A'] } }), false);
  assert.equal(counts({ excludes: { caps: ['CAP_C'] } }), true);
  assert.equal(counts({ includes: { arches: ['arm64', 'amd64'] } }), true);
  assert.equal(counts({ excludes: { arches: ['amd64'] } }), false);
  assert.equal(counts({ includes: { minKernel: '6.2' } }), false);
  assert.equal(counts({ excludes: { minKernel: '6.1' } }), false);
  assert.equal(counts({ names: [] }), false);
});

test('versions of kernels are compared as numbers', () => {
  assert.ok(kernelIsAtLeast('4.10.0', '4.8') && kernelIsAtLeast('5.0', '4.18') && kernelIsAtLeast('4.8.1-x', '4.8'));
  assert.ok(!kernelIsAtLeast('4.4.0', '4.8') && !kernelIsAtLeast('3.10', '4.1'));
});

test('masks of 64 bits are not rounded on their way', () => {
  const text = `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a 12345678901234567890","b"],"action":"SCMP_ACT_ERRNO",
    "args":[{"index":1,"value":18446744069414584321,"valueTwo":7,"op":"SCMP_CMP_MASKED_EQ"}]}]}`;
  const json = seccompJson(resolveSeccomp(parseSeccompProfile(text), at));
  assert.match(json, /"value":18446744069414584321,"valueTwo":7/);
  assert.match(json, /"a 12345678901234567890"/);
  assert.throws(() => parseSeccompProfile(text.replace('18446744069414584321', '28446744069414584321')), /64 bits/);
});
