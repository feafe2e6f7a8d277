import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { TestDaemon } from '../helpers/daemon.js';
import { Engine } from '../helpers/engine.js';
import { answers, loadProbe } from '../helpers/probe.js';
import type { Step } from '../helpers/types.js';

const TAG = 'tdt-probe:v1';
const engine = await Engine.open();
const images = await loadProbe(engine.api, TAG);
after(async () => {
  await images.removeAll();
  await engine.close();
});

const x64 = process.arch === 'x64';
/** Numbers of one machine are not those of another: calls are found by their name on it. */
const NUMBERS: Readonly<Record<string, number>> = x64
  ? {
      ...{ add_key: 248, bpf: 321, clone3: 435, delete_module: 176, finit_module: 313, fsopen: 430, init_module: 175 },
      ...{ io_uring_enter: 426, io_uring_register: 427, io_uring_setup: 425, kexec_load: 246, keyctl: 250, mount: 165 },
      ...{
        move_mount: 429,
        open_by_handle_at: 304,
        open_tree: 428,
        perf_event_open: 298,
        pivot_root: 155,
        reboot: 169,
      },
      ...{ request_key: 249, setns: 308, swapon: 167, umount2: 166, unshare: 272, userfaultfd: 323 },
    }
  : {
      ...{ add_key: 217, bpf: 280, clone3: 435, delete_module: 106, finit_module: 273, fsopen: 430, init_module: 105 },
      ...{ io_uring_enter: 426, io_uring_register: 427, io_uring_setup: 425, kexec_load: 104, keyctl: 219, mount: 40 },
      ...{ move_mount: 429, open_by_handle_at: 265, open_tree: 428, perf_event_open: 241, pivot_root: 41, reboot: 142 },
      ...{ request_key: 218, setns: 268, swapon: 224, umount2: 39, unshare: 97, userfaultfd: 282 },
    };

const AF = { INET: 2, NETLINK: 16, PACKET: 17, ALG: 38, VSOCK: 40 };

async function probe(HostConfig: Record<string, unknown> = {}, User = ''): Promise<Map<string, string>> {
  const { stdout, stderr, exitCode } = await engine.run(['/probe'], { Image: TAG, User, HostConfig });
  assert.equal(exitCode, 0, stderr);
  return answers(stdout);
}

const status = async (HostConfig: Record<string, unknown>, id?: string) => {
  const command = ['grep', '-E', '^(Seccomp|NoNewPrivs|Seccomp_filters):', '/proc/self/status'];
  const { stdout } = id === undefined ? await engine.run(command, { HostConfig }) : await engine.exec(id, command);
  return stdout.replace(/\t/g, '').trim().split('\n');
};
const FILTERED = ['NoNewPrivs:0', 'Seccomp:2', 'Seccomp_filters:1'];

describe('the default profile', () => {
  test('refuses what containers have no business with, whatever user', async () => {
    for (const user of ['', '1000:1000']) {
      const seen = await probe({}, user);
      for (const [name, number] of Object.entries(NUMBERS))
        assert.equal(seen.get(`64:${number}`), name === 'clone3' ? 'ENOSYS' : 'EPERM', name);
      for (const namespace of ['mnt', 'uts', 'ipc', 'user', 'pid', 'net', 'cgroup']) {
        assert.equal(seen.get(`unshare:${namespace}`), 'EPERM', namespace);
        assert.equal(seen.get(`clone:${namespace}`), 'EPERM', namespace);
      }
      assert.equal(seen.get('clone3:user'), 'ENOSYS');
      assert.equal(seen.get('personality:0x40000'), 'EPERM');
    }
  });

  test('refuses the families of sockets that lead out, by every way to them (CVE-2026-31431)', async () => {
    const seen = await probe();
    for (const family of [AF.ALG, AF.VSOCK]) {
      assert.equal(seen.get(`socket:${family}`), 'EPERM');
      assert.equal(seen.get(`socket:high+${family}`), 'EPERM');
      if (!x64) continue;
      assert.equal(seen.get(`socket32:${family}`), 'EPERM');
      assert.equal(seen.get(`socketcall:${family}`), 'ENOSYS');
    }
    for (const family of [AF.INET, AF.NETLINK, AF.PACKET]) assert.equal(seen.get(`socket:${family}`), 'ok');
  });

  test('a call that is newer than the profile does not exist; one that is newer than the compiler does', async () => {
    const seen = await probe();
    for (const number of [470, 475, 479]) assert.equal(seen.get(`64:${number}`), 'ENOSYS');
    // fchmodat2, statmount: refused they would be EPERM, and on a kernel without them ENOSYS.
    const inKernel = await probe({ SecurityOpt: ['seccomp=unconfined'] });
    for (const number of [452, 457]) assert.equal(seen.get(`64:${number}`), inKernel.get(`64:${number}`));
  });

  test('what programs need is there: nothing else is refused than without a filter, but by name', async () => {
    const [seen, free] = [await probe(), await probe({ SecurityOpt: ['seccomp=unconfined'] })];
    assert.equal(free.get('clone:none'), 'ok');
    const refused = [...seen].filter(
      ([call, answer]) =>
        call.startsWith('64:') && answer === 'EPERM' && !['EPERM', 'ENOSYS'].includes(free.get(call)!),
    );
    assert.ok(refused.length < 60, refused.map(([call]) => call).join(' '));
  });

  test('a capability opens the calls that belong to it', async () => {
    const admin = await probe({ CapAdd: ['SYS_ADMIN'] });
    assert.equal(admin.get('unshare:mnt'), 'ok');
    assert.equal(admin.get('clone3:user'), 'ok');
    assert.notEqual(admin.get(`64:${NUMBERS.mount}`), 'EPERM');
    for (const name of ['keyctl', 'io_uring_setup', 'userfaultfd', 'kexec_load'])
      assert.equal(admin.get(`64:${NUMBERS[name]}`), 'EPERM', name);
    const reader = await probe({ CapAdd: ['DAC_READ_SEARCH'] });
    assert.notEqual(reader.get(`64:${NUMBERS.open_by_handle_at}`), 'EPERM');
    assert.equal((await probe({ CapAdd: ['SYS_ADMIN'] })).get(`socket:${AF.ALG}`), 'EPERM');
  });

  test('is that of the container, its execs and its health check, also of a privileged exec', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    assert.deepEqual(await status({}), FILTERED);
    assert.deepEqual(await status({}, id), FILTERED);
    const exec = await engine.createExec(id, ['sleep', '600'], { Privileged: true });
    await engine.api.post(`/exec/${exec}/start`, { Detach: true });
    const { Pid } = await engine.inspectExec(exec);
    assert.match(readFileSync(`/proc/${Pid}/status`, 'latin1'), /^Seccomp:\t2$/m);
    const checked = await engine.launch({
      Cmd: ['sleep', '600'],
      Healthcheck: { Test: ['CMD', 'grep', 'Seccomp:', '/proc/self/status'], Interval: 1e9 / 20 },
    });
    const output = async () =>
      ((await engine.inspect(checked)) as unknown as { State: { Health?: { Log?: { Output: string }[] } } }).State
        .Health?.Log?.[0]?.Output;
    let seen: string | undefined;
    do seen = await output();
    while (!seen);
    assert.equal(seen, 'Seccomp:\t2\n');
  });

  test('and of a process that cannot gain privileges', async () => {
    assert.deepEqual(await status({ SecurityOpt: ['no-new-privileges'] }), ['NoNewPrivs:1', ...FILTERED.slice(1)]);
  });

  test('is not that of a privileged container, nor of one that is unconfined', async () => {
    for (const hostConfig of [{ Privileged: true }, { SecurityOpt: ['seccomp=unconfined'] }])
      assert.deepEqual(await status(hostConfig), ['NoNewPrivs:0', 'Seccomp:0', 'Seccomp_filters:0']);
  });
});

describe('a profile of one’s own', () => {
  const mkdir = ['mkdir', 'mkdirat'];
  const run = (profile: unknown, script: string) =>
    engine.run(['sh', '-c', script], { HostConfig: { SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] } });

  test('in the format of the OCI specification', async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: mkdir, action: 'SCMP_ACT_ERRNO', errnoRet: 28 }],
    };
    assert.match((await run(profile, 'mkdir /x')).stderr, /No space left on device/);
  });

  test('in Docker’s, with its conditions', async () => {
    const archMap = [{ architecture: x64 ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64', subArchitectures: null }];
    const when = (filter: object) => ({
      ...{ defaultAction: 'SCMP_ACT_ALLOW', archMap },
      syscalls: [{ names: mkdir, action: 'SCMP_ACT_ERRNO', ...filter }],
    });
    const refused = async (filter: object) => (await run(when(filter), 'mkdir /x')).exitCode !== 0;
    assert.equal(await refused({}), true);
    assert.equal(await refused({ includes: { caps: ['CAP_SYS_ADMIN'] } }), false);
    assert.equal(await refused({ includes: { caps: ['CAP_CHOWN'] } }), true);
    assert.equal(await refused({ excludes: { caps: ['CAP_CHOWN'] } }), false);
    assert.equal(await refused({ includes: { minKernel: '4.8' } }), true);
    assert.equal(await refused({ includes: { minKernel: '99.0' } }), false);
    assert.equal(await refused({ includes: { arches: [x64 ? 'arm64' : 'amd64'] } }), false);
  });

  test('that knows nothing of newer calls, and kills', async () => {
    // What a process of this engine calls between the filter and its exec has to be in the older profiles, too.
    const names =
      'access arch_prctl brk capget capset chdir clone close dup2 execve exit exit_group faccessat fcntl fstat getcwd geteuid ' +
      'getpid getppid getuid getegid getgid ioctl lseek mmap mprotect munmap newfstatat open openat poll prctl prlimit64 read ' +
      'readlink rt_sigaction rt_sigprocmask set_robust_list set_tid_address setgid setgroups setresgid setresuid setsid ' +
      'setuid stat umask uname wait4 write';
    const profile = {
      ...{ defaultAction: 'SCMP_ACT_ERRNO', architectures: [x64 ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64'] },
      syscalls: [
        { names: names.split(' '), action: 'SCMP_ACT_ALLOW' },
        { names: mkdir, action: 'SCMP_ACT_KILL_PROCESS' },
      ],
    };
    const HostConfig = { SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] };
    const id = await engine.launch({ Cmd: ['cat'], OpenStdin: true, HostConfig });
    const { stdout, stderr } = await engine.exec(id, ['sh', '-c', 'echo fine']);
    assert.equal(stdout, 'fine\n', stderr);
    assert.equal((await engine.exec(id, ['mkdir', '/x'])).exitCode, 128 + 31);
  });

  const BROKEN: readonly (readonly [profile: string, message: RegExp])[] = [
    ['{', /JSON/],
    ['[]', /it is not an object/],
    ['/etc/profile.json', /JSON/],
    ['{}', /defaultAction is missing/],
    ['{"defaultAction":"SCMP_ACT_NO"}', /defaultAction "SCMP_ACT_NO" is not one of/],
    ['{"defaultAction":"SCMP_ACT_NOTIFY"}', /SCMP_ACT_NOTIFY needs a supervisor/],
    ['{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_VAX"]}', /architecture "SCMP_ARCH_VAX" is not one/],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86_64"}]}',
      /both 'architectures' and 'archMap'/,
    ],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","names":["b"],"action":"SCMP_ACT_ERRNO"}]}',
      /both 'name' and 'names'/,
    ],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","args":[{"index":6,"op":"SCMP_CMP_EQ"}]}]}',
      /index 6 of a condition of rule 1 \(mkdir\)/,
    ],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","includes":{"minKernel":"x"}}]}',
      /invalid kernel version: "x", expected "<kernel>.<major>"/,
    ],
  ];
  for (const [profile, message] of BROKEN) {
    test(`refused when it is created: ${profile.slice(0, 90)}`, async () => {
      const reply = await engine.api.post('/containers/create', {
        ...{ Image: engine.image, Cmd: ['true'] },
        HostConfig: { SecurityOpt: [`seccomp=${profile}`] },
      });
      assert.equal(reply.status, 400);
      assert.match(reply.message, /^Decoding seccomp profile failed: /);
      assert.match(reply.message, message);
    });
  }
});

describe('what is kept of it', () => {
  test('the bundle names the filter, and what it was made of can be read', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const { execRoot, dataRoot } = engine.daemon!;
    const config = JSON.parse(readFileSync(join(execRoot, 'x/containers', id, 'config.json'), 'utf8'));
    const source = config.annotations['org.tinydocker.seccomp'];
    assert.equal(source.startsWith(`${dataRoot}/seccomp/`), true, source);
    const seccomp = JSON.parse(readFileSync(source, 'utf8'));
    assert.equal(seccomp.defaultAction, 'SCMP_ACT_ERRNO');
    assert.ok(seccomp.syscalls[0].names.includes('read'));
    assert.equal(statSync(join(dataRoot, 'seccomp')).mode & 0o777, 0o700);
  });

  test('one file for all containers that have the same', async () => {
    const of = () => readdirSync(join(engine.daemon!.dataRoot, 'seccomp')).length;
    await status({ CapAdd: ['SYS_NICE'] });
    const before = of();
    await status({ CapAdd: ['SYS_NICE'] });
    assert.equal(of(), before);
  });

  test('the step of loading it is in the record', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const { Steps } = await ok<{ Steps: Step[] }>(engine.api.get(`/containers/${id}/steps`), 200);
    const step = Steps.find(({ Name, Actor }) => Name === 'seccomp' && Actor === 'init');
    assert.match(step?.Args ?? '', /^filter of \d+ instructions$/);
  });
});

test('the daemon’s own defaults: a profile of a file, and no new privileges', async () => {
  const daemon = await TestDaemon.start({ args: ['--no-new-privileges'] });
  const own = await TestDaemon.start({ args: ['--seccomp-profile', 'unconfined'] });
  try {
    for (const [api, seen, seccomp] of [
      [daemon.api, 'NoNewPrivs:1 Seccomp:2', 'name=seccomp,profile=builtin'],
      [own.api, 'NoNewPrivs:0 Seccomp:0', 'name=seccomp,profile=unconfined'],
    ] as const) {
      const { SecurityOptions } = await ok<{ SecurityOptions: string[] }>(api.get('/info'), 200);
      assert.equal(SecurityOptions[0], seccomp);
      const other = await Engine.open({ external: `unix://${api.socket}` });
      const { stdout } = await other.run(['grep', '-E', '^(NoNewPrivs|Seccomp):', '/proc/self/status']);
      assert.equal(stdout.replace(/\t/g, '').trim().replace('\n', ' '), seen);
      await other.close();
    }
  } finally {
    await daemon.close();
    await own.close();
  }
});

test('a daemon does not start with a default profile that is broken', async () => {
  const file = join(engine.daemon!.home, 'broken.json');
  writeFileSync(file, '{"defaultAction":"NO"}');
  for (const [profile, message] of [
    [file, /Decoding seccomp profile failed: defaultAction "NO"/],
    [`${file}.missing`, /opening seccomp profile \(.*\) failed: ENOENT/],
  ] as const) {
    await assert.rejects(TestDaemon.start({ args: ['--seccomp-profile', profile] }), message);
  }
});
