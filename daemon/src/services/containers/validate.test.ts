import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import { parseExtraHost, refuseNul, validateConfig, validateHostConfig } from './validate.js';

const CONFIG: [config: ContainerConfig, sentence: string | RegExp][] = [
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ Env: [''] }, 'invalid environment variable: '],
  [{ WorkingDir: 'rel' }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
  [{ StopSignal: 'foo' }, 'invalid signal: foo'],
  [{ Hostname: 'a\nb' }, /invalid host name/],
  [{ Hostname: 'a b' }, /invalid host name/],
  [{ Domainname: 'x'.repeat(65) }, /invalid host name/],
];
for (const [config, message] of CONFIG) {
  test(`refuses ${JSON.stringify(config).slice(0, 60)}`, () => {
    assert.throws(() => validateConfig(config), { kind: 'invalid', message });
  });
}

const HOST: [hostConfig: HostConfig, sentence: string | RegExp][] = [
  [{ Memory: 1000 }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: -1 }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: 2e7, MemorySwap: 1e7 }, 'Minimum memoryswap limit should be larger than memory limit, see usage'],
  [{ MemorySwap: 1e7 }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
  [{ MemoryReservation: 4000 }, 'Minimum memory reservation allowed is 6MB'],
  [
    { Memory: 2e7, MemoryReservation: 4e7 },
    'Minimum memory limit can not be less than memory reservation limit, see usage',
  ],
  [{ MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100'],
  [{ NanoCpus: 9e14 }, /^range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available$/],
  [{ NanoCpus: 1 }, /^range of CPUs/],
  [{ NanoCpus: 1e9, CpuQuota: 10000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
  [{ NanoCpus: 1e9, CpuPeriod: 10000 }, 'Conflicting options: Nano CPUs and CPU Period cannot both be set'],
  [{ CpuPeriod: 10 }, 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
  [{ CpuQuota: 10 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
  [{ CpusetCpus: 'abc' }, 'Invalid value abc for cpuset cpus: invalid format: abc'],
  [{ CpusetCpus: '9999' }, /^Requested CPUs are not available - requested 9999, available: /],
  [{ CpusetMems: '9999' }, /^Requested memory nodes are not available - requested 9999, available: /],
  [{ OomScoreAdj: -1001 }, 'Invalid value -1001, range for oom score adj is [-1000, 1000]'],
  [{ ShmSize: -5 }, 'SHM size can not be less than 0'],
  [{ CapAdd: ['foo'] }, 'invalid CapAdd: unknown capability: "CAP_FOO"'],
  [{ CapDrop: ['CAP_FOO'] }, 'invalid CapDrop: unknown capability: "CAP_FOO"'],
  [{ SecurityOpt: ['no-new-privileges:maybe'] }, 'invalid --security-opt: "no-new-privileges:maybe"'],
  [{ SecurityOpt: ['nonsense=1'] }, 'invalid --security-opt: "nonsense=1"'],
  [{ SecurityOpt: ['seccomp'] }, 'invalid --security-opt: "seccomp"'],
  [{ IpcMode: 'zz' }, 'invalid IPC mode: zz'],
  [{ PidMode: 'zz' }, 'invalid PID mode: zz'],
  [{ UTSMode: 'zz' }, 'invalid UTS mode: zz'],
  [{ CgroupnsMode: 'zz' }, 'invalid cgroup namespace mode: zz'],
  [{ Runtime: 'zz' }, 'unknown or invalid runtime name: zz'],
  [{ Isolation: 'zz' }, "invalid isolation (zz): linux only supports 'default'"],
  [
    { RestartPolicy: { Name: 'zz' } },
    "invalid restart policy: unknown policy 'zz'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [{ RestartPolicy: { Name: 'always' }, AutoRemove: true }, "can't create 'AutoRemove' container with restart policy"],
  [{ Ulimits: [{ Name: 'foo', Soft: 1, Hard: 1 }] }, 'invalid ulimit type: foo'],
  [
    { Ulimits: [{ Name: 'nofile', Soft: 3, Hard: 1 }] },
    'ulimit soft limit must be less than or equal to hard limit: 3 > 1',
  ],
  [{ Sysctls: { 'kernel.core_pattern': '|x' } }, 'sysctl "kernel.core_pattern" is not in a separate kernel namespace'],
  [{ Sysctls: { 'net.x': '1' }, NetworkMode: 'host' }, 'sysctl "net.x" is not in a separate kernel namespace'],
  [{ ExtraHosts: ['foo'] }, 'bad format for add-host: "foo"'],
  [{ ExtraHosts: ['foo:bar'] }, 'invalid IP address in add-host: "bar"'],
  [{ ExtraHosts: ['a\nb:1.2.3.4'] }, /^bad format for add-host/],
  [{ Dns: ['1.2.3.4\nsearch x'] }, /^invalid DNS address/],
  [{ DnsSearch: ['a b'] }, /^invalid DNS search domain or option/],
];
for (const [hostConfig, message] of HOST) {
  test(`refuses ${JSON.stringify(hostConfig).slice(0, 80)}`, () => {
    assert.throws(() => validateHostConfig({}, hostConfig), { kind: 'invalid', message });
  });
}

test('what can be done passes', () => {
  validateConfig({ Env: ['A=b', 'A'], WorkingDir: '/w', StopSignal: 'RTMIN+3', Hostname: 'web-1.example' });
  validateHostConfig(
    {},
    {
      ...{ Memory: 6 * 1024 * 1024, MemorySwap: -1, MemorySwappiness: -1, NanoCpus: 1e7, CpusetCpus: '0' },
      ...{ CapAdd: ['ALL'], SecurityOpt: ['no-new-privileges=true', 'seccomp=unconfined', 'label=disable'] },
      ...{ IpcMode: 'shareable', PidMode: 'host', UTSMode: 'host', Sysctls: { 'net.ipv4.ip_forward': '1' } },
      ...{ Ulimits: [{ Name: 'core', Soft: -1, Hard: -1 }], Tmpfs: { '/t': 'size=1m' }, Binds: ['/nowhere:/x'] },
      ...{ ExtraHosts: ['a:1.2.3.4', 'b:::1'], Dns: ['::1'], DnsSearch: ['.'], DnsOptions: ['ndots:2'] },
    },
  );
});

test('a host is told from its address at the first colon or equals sign', () => {
  assert.deepEqual(parseExtraHost('a:::1'), { name: 'a', address: '::1' });
  assert.deepEqual(parseExtraHost('a=[fe80::1]'), { name: 'a', address: 'fe80::1' });
  assert.deepEqual(parseExtraHost('a:host-gateway'), { name: 'a', address: 'host-gateway' });
  assert.throws(() => parseExtraHost('a:b'), { kind: 'invalid' });
});

test('a NUL byte is found wherever it is, its spelling is not', () => {
  assert.throws(() => refuseNul({ Cmd: ['a\0b'] }), { kind: 'invalid' });
  assert.throws(() => refuseNul({ HostConfig: { Binds: ['\0'] } }), { kind: 'invalid' });
  assert.throws(() => refuseNul({ Cmd: ['\\\0'] }), { kind: 'invalid' });
  refuseNul({ Cmd: ['\\u0000', '\\\\u0000'] });
});
