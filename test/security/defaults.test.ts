import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { unified } from '../helpers/cgroup.js';
import { TestDaemon } from '../helpers/daemon.js';
import { Engine } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());

type Config = Record<string, unknown>;

const SETS = 'Inh Prm Eff Bnd Amb';
const CAPS = ['grep', '^Cap', '/proc/self/status'];

/** "Inh Prm Eff Bnd Amb" as hexadecimal numbers without zeros in front. */
const sets = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => line.replace(/^Cap...:\s+0*(?=[0-9a-f])/, ''))
    .join(' ');

async function sh(script: string, HostConfig: Config = {}, config: Config = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await engine.run(['sh', '-c', script], { ...config, HostConfig });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

const caps = async (HostConfig: Config, config: Config = {}) =>
  sets(await sh('grep ^Cap /proc/self/status', HostConfig, config));

/** The daemon's own bounding set: what there is to give. */
const ALL = sets(await sh('grep ^CapBnd /proc/self/status', { Privileged: true }));
const without = (...bits: number[]) =>
  bits.reduce((set, bit) => set & ~(1n << BigInt(bit)), BigInt(`0x${ALL}`)).toString(16);
const DEFAULT = 'a80425fb';

describe(`capabilities: ${SETS}`, () => {
  const CASES: [HostConfig: Config, set: string][] = [
    [{}, DEFAULT],
    [{ CapDrop: ['ALL'] }, '0'],
    [{ CapAdd: ['ALL'] }, ALL],
    [{ CapAdd: ['ALL'], CapDrop: ['SYS_ADMIN', 'CAP_CHOWN'] }, without(21, 0)],
    [{ CapAdd: ['ALL'], CapDrop: ['ALL'] }, ALL],
    [{ CapDrop: ['all'], CapAdd: ['net_bind_service'] }, '400'],
    [{ CapAdd: ['CAP_SYS_TIME'] }, 'aa0425fb'],
    [{ CapDrop: ['MKNOD', 'CAP_AUDIT_WRITE'] }, '800425fb'],
    [{ CapAdd: ['CHOWN'], CapDrop: ['CHOWN'] }, DEFAULT],
    [{ Privileged: true }, ALL],
    [{ Privileged: true, CapDrop: ['ALL'] }, ALL],
  ];
  for (const [hostConfig, set] of CASES) {
    test(JSON.stringify(hostConfig), async () => {
      assert.equal(await caps(hostConfig), `0 ${set} ${set} ${set} 0`);
    });
  }

  test('another user has none, and may come to have those of the bounding set', async () => {
    const user = { User: '1000:1000' };
    assert.equal(await caps({}, user), `0 0 0 ${DEFAULT} 0`);
    assert.equal(await caps({ CapAdd: ['SYS_TIME'], CapDrop: ['MKNOD'] }, user), '0 0 0 a20425fb 0');
    assert.equal(await caps({ Privileged: true }, user), `0 0 0 ${ALL} 0`);
  });

  test('an exec has those of its container; a privileged one all of them, and none to inherit', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { CapDrop: ['MKNOD'], CapAdd: ['SYS_TIME'] } });
    const exec = async (config: Config = {}) => sets((await engine.exec(id, CAPS, config)).stdout);
    assert.equal(await exec(), '0 a20425fb a20425fb a20425fb 0');
    assert.equal(await exec({ User: '1000' }), '0 0 0 a20425fb 0');
    assert.equal(await exec({ Privileged: true }), `0 ${ALL} ${ALL} ${ALL} 0`);
  });

  test('so has a health check', async () => {
    const Healthcheck = { Test: ['CMD', ...CAPS], Interval: 1e9 / 20 };
    const id = await engine.launch({ Cmd: ['sleep', '600'], Healthcheck, HostConfig: { CapDrop: ['MKNOD'] } });
    let output: string | undefined;
    do {
      const { State } = (await engine.inspect(id)) as unknown as { State: { Health: { Log: { Output: string }[] } } };
      output = State.Health.Log[0]?.Output;
    } while (output === undefined);
    assert.equal(sets(output), '0 a00425fb a00425fb a00425fb 0');
  });

  test('one that this machine does not have is named in a warning; the container is without it, also a privileged one', async () => {
    const has = Boolean(BigInt(`0x${ALL}`) & (1n << 24n));
    const set = has ? 'a90425fb' : DEFAULT;
    assert.equal(await caps({ CapAdd: ['SYS_RESOURCE'] }), `0 ${set} ${set} ${set} 0`);
    const request = { Image: engine.image, Cmd: ['true'], HostConfig: { CapAdd: ['SYS_RESOURCE', 'SYS_CHROOT'] } };
    const { Id, Warnings } = await ok<{ Id: string; Warnings: string[] }>(
      engine.api.post('/containers/create', request),
    );
    await engine.remove(Id);
    const warning = 'This engine does not have CAP_SYS_RESOURCE itself, and cannot give what it does not have.';
    assert.deepEqual(Warnings, has ? [] : [warning]);
    const info = await ok<{ Warnings: string[] | null }>(engine.api.get('/info'));
    const told = (info.Warnings ?? []).some((line) => /^WARNING: No .*CAP_SYS_RESOURCE.*: privileged/.test(line));
    assert.equal(told, !has);
  });
});

describe('new privileges', () => {
  // td-init as a program that sets the user id; busybox lets go of what it gets by that, and is only who looks.
  const setuid = (HostConfig: Config) =>
    sh(
      'mkdir /x && cp /sbin/docker-init /x/init && chmod 4755 /x/init && echo "n:x:7:7::/:/bin/sh" >>/etc/passwd; ' +
        `su n -c "/x/init -- sh -c 'grep ^Uid /proc/\\$PPID/status'" | cut -f3`,
      { Init: true, ...HostConfig },
    );

  test('can be had by what is executed, unless they are refused', async () => {
    assert.equal(await setuid({}), '0\n');
    for (const option of ['no-new-privileges', 'no-new-privileges:true', 'no-new-privileges=1'])
      assert.equal(await setuid({ SecurityOpt: [option] }), '7\n', option);
    assert.equal(await setuid({ SecurityOpt: ['no-new-privileges=false'] }), '0\n');
  });

  test('are refused by a daemon that says so, unless the container says otherwise; also to execs', async () => {
    const daemon = await TestDaemon.start({ config: { 'no-new-privileges': true } });
    const other = await Engine.open({ external: `unix://${daemon.socket}` });
    try {
      const read = ['grep', 'NoNewPrivs', '/proc/self/status'];
      assert.equal((await other.run(read)).stdout, 'NoNewPrivs:\t1\n');
      const SecurityOpt = ['no-new-privileges=false'];
      assert.equal((await other.run(read, { HostConfig: { SecurityOpt } })).stdout, 'NoNewPrivs:\t0\n');
      const id = await other.launch({ Cmd: ['sleep', '600'] });
      assert.equal((await other.exec(id, read)).stdout, 'NoNewPrivs:\t1\n');
      const { SecurityOptions } = await ok<{ SecurityOptions: string[] }>(daemon.api.get('/info'), 200);
      assert.ok(SecurityOptions.includes('name=no-new-privileges'), SecurityOptions.join());
    } finally {
      await other.close();
      await daemon.close();
    }
  });
});

describe('paths of the system', () => {
  const MASKED =
    '/proc/asound /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats ' +
    '/proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap';
  const look = `for p in ${MASKED}; do [ -e $p ] || continue; if [ -d $p ]; then ls -A $p; else head -c 1 $p; fi; done | wc -c`;
  const count = (text: string) => Number(text.trim());

  test('those that tell of the host are empty', async () => {
    assert.equal(count(await sh(look)), 0);
    assert.ok(MASKED.split(' ').some(existsSync));
    const mounts = await sh('cut -d" " -f5 /proc/self/mountinfo');
    for (const path of MASKED.split(' ').filter((name) => existsSync(name)))
      assert.ok(mounts.split('\n').includes(path), `${path} is not covered`);
  });

  test('a list of one’s own takes the place of the default; an empty one is none', async () => {
    assert.ok(count(await sh(look, { MaskedPaths: [] })) > 0);
    assert.ok(count(await sh(look, { Privileged: true })) > 0);
    assert.equal(await sh('cat /proc/version; echo .', { MaskedPaths: ['/proc/version'] }), '.\n');
    const writable =
      '[ -w /proc/sys/kernel/shmmni ] && (: >> /proc/sys/kernel/shmmni) 2>/dev/null && echo yes || echo no';
    assert.equal(await sh(writable), 'no\n');
    assert.equal(await sh(writable, { ReadonlyPaths: [] }), 'yes\n');
  });

  test('/sys and the cgroups are read-only; cgroups not where it is asked for', async () => {
    const options = async (HostConfig: Config) =>
      (
        await sh(
          `cut -d" " -f5,6 /proc/self/mountinfo | grep -E "^/sys(/fs/cgroup${unified ? '' : '/[a-z]+'})? " | cut -d" " -f2`,
          HostConfig,
        )
      )
        .trim()
        .split('\n')
        .map((line) => line.split(',')[0]);
    assert.deepEqual([...new Set(await options({}))], ['ro']);
    const [sys, ...cgroups] = await options({ SecurityOpt: ['writable-cgroups=true'] });
    assert.deepEqual([sys, ...new Set(cgroups)], ['ro', 'rw']);
    assert.deepEqual([...new Set(await options({ Privileged: true }))], ['rw']);
  });

  test('a read-only root leaves nothing writable but what is in memory', async () => {
    const script =
      'for p in / /etc /etc/hosts /etc/hostname /etc/resolv.conf /root /usr /tmp; do [ -e $p ] || continue; ' +
      'if [ -d $p ]; then (: > $p/x) 2>/dev/null && echo $p; else (: >> $p) 2>/dev/null && echo $p; fi; done; : > /dev/shm/x && echo shm';
    assert.equal(await sh(script, { ReadonlyRootfs: true }), 'shm\n');
  });
});

describe('options that this machine has no module for', () => {
  test('are kept, shown and without effect, as in Docker', async () => {
    const [apparmor, selinux] = [existsSync('/sys/kernel/security/apparmor'), existsSync('/sys/fs/selinux/enforce')];
    const SecurityOpt = [
      ...(apparmor ? [] : ['apparmor=nonesuch']),
      ...(selinux ? [] : ['label=type:x_t']),
      'label=disable',
    ];
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { SecurityOpt } });
    const seen = (await engine.inspect(id)) as unknown as { AppArmorProfile: string; HostConfig: Config };
    assert.deepEqual(seen.HostConfig.SecurityOpt, SecurityOpt);
    assert.equal(seen.AppArmorProfile, apparmor ? 'tinydocker-default' : '');
  });

  test('but the name of a profile is one word', async () => {
    for (const name of ['a b', 'a\nb', 'x'.repeat(300)]) {
      const reply = await engine.api.post('/containers/create', {
        ...{ Image: engine.image, Cmd: ['true'] },
        HostConfig: { SecurityOpt: [`apparmor=${name}`] },
      });
      assert.equal(reply.status, 400);
      assert.match(reply.message, /^invalid name of an apparmor profile: /);
    }
  });
});
