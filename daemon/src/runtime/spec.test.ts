import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import { parseBind } from './bind-spec.js';
import { CAPABILITIES, DEFAULT_CAPABILITIES } from './capabilities.js';
import { parseMount } from './mount-spec.js';
import type { OciMount, OciSpec } from './oci.js';
import { buildSpec, DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from './spec.js';
import { checkDestinations } from './spec-mounts.js';
import { execProcess, mergeEnv } from './spec-process.js';
import { tmpfsOptions } from './tmpfs.js';

const FREE = { noNewPrivileges: false };

function spec(
  config: ContainerConfig,
  hostConfig: HostConfig = {},
  more: Partial<Parameters<typeof buildSpec>[0]> = {},
): OciSpec {
  return buildSpec({
    config: { Cmd: ['true'], ...config },
    hostConfig,
    mounts: [...(hostConfig.Binds ?? []).map(parseBind), ...(hostConfig.Mounts ?? []).map(parseMount)],
    root: { lower: ['/l/2', '/l/1'], upper: '/c/upper', work: '/c/work' },
    rootfs: '/run/b/rootfs',
    cgroupPath: '/td/abc',
    files: { hostname: '/c/hostname', hosts: '/c/hosts', resolvConf: '/c/resolv.conf' },
    joined: {},
    hostname: 'abc',
    bounding: CAPABILITIES,
    confinement: FREE,
    ...more,
  });
}

const at = (s: OciSpec, destination: string): OciMount | undefined =>
  s.mounts.find((m) => m.destination === destination);

test('the root is an overlay, mounted first, its special characters escaped', () => {
  const [root] = spec({}).mounts;
  assert.deepEqual(root, {
    destination: '/',
    type: 'overlay',
    source: 'overlay',
    options: ['lowerdir=/l/2:/l/1', 'upperdir=/c/upper', 'workdir=/c/work', 'nodev'],
  });
});

test('an ordinary container has what dockerd gives it', () => {
  const s = spec({});
  assert.deepEqual(
    s.mounts.map((m) => m.destination),
    [
      ...['/', '/proc', '/dev', '/dev/pts', '/sys', '/sys/fs/cgroup', '/dev/mqueue', '/dev/shm'],
      ...['/etc/resolv.conf', '/etc/hostname', '/etc/hosts'],
    ],
  );
  assert.ok(at(s, '/sys')!.options.includes('ro'));
  assert.ok(at(s, '/dev/shm')!.options.includes('size=67108864'));
  assert.deepEqual(s.process.capabilities.bounding, DEFAULT_CAPABILITIES);
  assert.deepEqual(s.process.capabilities.inheritable, []);
  assert.deepEqual(s.linux.maskedPaths, DEFAULT_MASKED_PATHS);
  assert.deepEqual(s.linux.readonlyPaths, DEFAULT_READONLY_PATHS);
  assert.deepEqual(
    s.linux.namespaces.map((n) => n.type),
    ['mount', 'pid', 'uts', 'ipc', 'network', 'cgroup'],
  );
  assert.equal(s.hostname, 'abc');
  assert.ok(Object.values(s.linux.resources).every((value) => value === undefined));
});

test('arguments join entrypoint and command, below the init that was asked for', () => {
  assert.deepEqual(spec({ Entrypoint: ['/e', '-x'], Cmd: ['a'] }).process.args, ['/e', '-x', 'a']);
  const s = spec({ Cmd: ['a'] }, { Init: true }, { init: '/libexec/td-init' });
  assert.deepEqual(s.process.args, ['/sbin/docker-init', '--', 'a']);
  assert.deepEqual(at(s, '/sbin/docker-init')?.source, '/libexec/td-init');
});

test('the environment begins with what every container has', () => {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  assert.deepEqual(spec({ Env: ['A=1', 'B='] }).process.env, [path, 'HOSTNAME=abc', 'A=1', 'B=']);
  assert.deepEqual(spec({ Tty: true, Env: ['PATH=/x'] }).process.env, ['PATH=/x', 'HOSTNAME=abc', 'TERM=xterm']);
  assert.deepEqual(mergeEnv(['A=1', 'B=2'], ['B=3', 'A', 'C=x=y']), ['B=3', 'C=x=y']);
});

test('privileged: all capabilities, nothing masked, sysfs and cgroups writable', () => {
  const s = spec({}, { Privileged: true });
  assert.deepEqual(s.process.capabilities.effective, CAPABILITIES);
  assert.deepEqual([...s.linux.maskedPaths, ...s.linux.readonlyPaths], []);
  for (const path of ['/sys', '/sys/fs/cgroup']) assert.ok(!at(s, path)!.options.includes('ro'), path);
});

test('a read-only root takes our own files along, and leaves what is made to be written', () => {
  const s = spec({}, { ReadonlyRootfs: true, Binds: ['/a:/data'] });
  assert.equal(s.root.readonly, true);
  for (const path of ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'])
    assert.ok(at(s, path)!.options.includes('ro'), path);
  for (const path of ['/dev/shm', '/dev', '/proc', '/data']) assert.ok(!at(s, path)!.options.includes('ro'), path);
});

test('what the user mounts takes the place of what is ours, outer directories first', () => {
  const s = spec(
    {},
    { Binds: ['/x:/data/deep', '/y:/data', '/shm:/dev/shm', '/h:/etc/hosts:ro'], Tmpfs: { '/t': '' } },
  );
  const own = s.mounts.slice(-7).map((m) => m.destination);
  const users = ['/data', '/t', '/data/deep', '/dev/shm', '/etc/hosts'];
  assert.deepEqual(own, [...users, '/etc/resolv.conf', '/etc/hostname']);
  assert.equal(s.mounts.filter((m) => m.destination === '/dev/shm').length, 1);
  assert.deepEqual(at(s, '/etc/hosts'), {
    destination: '/etc/hosts',
    type: 'bind',
    source: '/h',
    options: ['rbind', 'rprivate', 'ro', 'rro'],
  });
  const etc = (mode: string) =>
    spec({}, { Binds: [`/e:/etc${mode}`] })
      .mounts.map((m) => m.destination)
      .filter((path) => path.startsWith('/etc'));
  assert.deepEqual(etc(''), ['/etc', '/etc/resolv.conf', '/etc/hostname', '/etc/hosts']);
  assert.deepEqual(etc(':ro'), ['/etc'], 'where nothing can be made, nothing is mounted');
  const dev = spec({}, { Binds: ['/dev:/dev'] });
  assert.equal(dev.mounts.filter((m) => m.destination.startsWith('/dev')).length, 1);
  assert.throws(() => checkDestinations(['/a', '/b', '/b']), { message: 'Duplicate mount point: /b' });
});

test('options of a tmpfs keep Docker’s, unless they say the opposite', () => {
  assert.deepEqual(tmpfsOptions(''), ['noexec', 'nosuid', 'nodev']);
  assert.deepEqual(tmpfsOptions('exec,size=1m,mode=1777'), ['nosuid', 'nodev', 'exec', 'size=1m', 'mode=1777']);
  assert.throws(() => tmpfsOptions('size=1m,foo=bar'), { kind: 'invalid', message: 'invalid tmpfs option "foo=bar"' });
  const s = spec({}, { Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 4096, Mode: 0o755 } }] });
  assert.deepEqual(at(s, '/t')!.options, ['noexec', 'nosuid', 'nodev', 'size=4096', 'mode=755']);
});

test('a namespace of the host is not made anew, and takes its settings along', () => {
  const s = spec({}, { PidMode: 'host', NetworkMode: 'host', IpcMode: 'host', UTSMode: 'host', CgroupnsMode: 'host' });
  assert.deepEqual(
    s.linux.namespaces.map((n) => n.type),
    ['mount'],
  );
  assert.equal(s.hostname, undefined);
  assert.deepEqual(s.linux.sysctl, {});
  assert.equal(at(s, '/dev/shm')!.source, '/dev/shm');
  assert.equal(at(spec({}, { IpcMode: 'none' }), '/dev/shm'), undefined);
});

test('limits become those of the cgroup', () => {
  const of = (hostConfig: HostConfig) => JSON.parse(JSON.stringify(spec({}, hostConfig).linux.resources)) as object;
  assert.deepEqual(
    of({
      ...{ Memory: 1e8, MemorySwap: -1, MemoryReservation: 5e7, MemorySwappiness: 0, KernelMemoryTCP: 9 },
      ...{ OomKillDisable: true, NanoCpus: 1.5e9, CpuShares: 512, CpusetCpus: '0', PidsLimit: 9 },
      ...{ CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 500 },
    }),
    {
      memory: { limit: 1e8, reservation: 5e7, swap: -1, swappiness: 0, kernelTCP: 9, disableOOMKiller: true },
      cpu: {
        ...{ shares: 512, quota: 150_000, period: 100_000, cpus: '0' },
        ...{ realtimePeriod: 1000, realtimeRuntime: 500 },
      },
      pids: { limit: 9 },
    },
  );
  assert.deepEqual(of({ PidsLimit: -1, MemorySwappiness: null, OomKillDisable: false }), {});
});

test('an exec is like the first process, but for what it asks for', () => {
  const host: HostConfig = { CapDrop: ['ALL'] };
  const config: ContainerConfig = { Env: ['A=1'], WorkingDir: '/w', Entrypoint: ['/e'] };
  const plain = execProcess({ Cmd: ['x', 'y'] }, config, host, 'abc', CAPABILITIES, { noNewPrivileges: true });
  assert.deepEqual([plain.args, plain.cwd, plain.noNewPrivileges], [['x', 'y'], '/w', true]);
  assert.deepEqual(plain.capabilities.effective, []);
  const asked = execProcess(
    { Cmd: ['x'], Tty: true, ConsoleSize: [24, 80], Env: ['A=2'], WorkingDir: '/z', Privileged: true },
    config,
    host,
    'abc',
    CAPABILITIES,
    FREE,
  );
  assert.deepEqual(asked.consoleSize, { height: 24, width: 80 });
  assert.ok(asked.env.includes('A=2') && asked.env.includes('TERM=xterm') && !asked.env.includes('A=1'));
  assert.deepEqual([asked.cwd, asked.capabilities.effective], ['/z', CAPABILITIES]);
});

test('namespaces of others: joined by path, with their /dev/shm, and nothing of theirs is changed', () => {
  const hostConfig = { PidMode: 'container:x', IpcMode: 'container:x', NetworkMode: 'container:x' };
  const joined = { pid: '/proc/1/fd/3', ipc: '/proc/1/fd/4', network: '/proc/1/fd/5' };
  const { linux, mounts } = spec({}, hostConfig, { joined, shm: '/proc/1/fd/6' });
  assert.deepEqual(
    linux.namespaces.filter((n) => n.path).sort((a, b) => a.path!.localeCompare(b.path!)),
    Object.entries(joined).map(([type, path]) => ({ type, path })),
  );
  assert.deepEqual(linux.sysctl, {});
  assert.deepEqual(mounts.find((m) => m.destination === '/dev/shm')?.options, [
    'bind',
    'private',
    'namespace=/proc/1/fd/6',
  ]);
});
