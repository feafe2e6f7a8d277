import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Engine } from '../helpers/engine.js';

/* Root of a container with a user namespace is nobody on the host, whatever it is given inside. */

const POOL = 1000000;
const engine = await Engine.open({ args: ['--userns-remap', 'auto', '--userns-pool', `${POOL}:1000000`] });
/** A directory of the host that is open to all, with a file that is root's. */
const host = mkdtempSync(join(tmpdir(), 'tdt-host-'));
chmodSync(host, 0o777);
writeFileSync(join(host, 'secret'), 'secret');
chmodSync(join(host, 'secret'), 0o600);
after(async () => {
  await engine.close();
  rmSync(host, { recursive: true });
});

/** Every capability that there is, so that none is missing for what is tried. */
const EVERYTHING = { CapAdd: ['ALL'], MaskedPaths: [], ReadonlyPaths: [] };
const sh = async (script: string, HostConfig: Record<string, unknown> = {}) => {
  const { stdout, stderr } = await engine.run(['sh', '-c', script], { HostConfig: { ...EVERYTHING, ...HostConfig } });
  return stdout + stderr;
};
const sysctl = (name: string) => readFileSync(`/proc/sys/${name}`, 'utf8');

describe('root of a container with every capability', () => {
  test('has them over its own namespaces: all six belong to its user namespace', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: EVERYTHING });
    const { Pid } = (await engine.inspect(id)).State;
    for (const kind of ['user', 'cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'])
      assert.notEqual(readlinkSync(`/proc/${Pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
    const status = readFileSync(`/proc/${Pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t10\d{5}\t10\d{5}\t10\d{5}\t10\d{5}$/m);
    assert.match(status, /^Groups:\t10\d{5}( 10\d{5})* ?$/m);
    const seen = await engine.exec(id, [
      'sh',
      '-c',
      'hostname changed && ip link set lo mtu 1300 && mount -t tmpfs x /tmp && cat /proc/sys/kernel/hostname',
    ]);
    assert.equal(seen.stdout, 'changed\n', seen.stderr);
    await engine.remove(id);
  });

  test('reads nothing that is closed on the host, and what it writes there is no root’s', async () => {
    const said = await sh(
      'cat /h/secret; chmod 666 /h/secret; rm /h/secret && echo removed; cp /bin/busybox /h/sh; chmod 4755 /h/sh; mknod /h/disk b 254 0',
      {
        Binds: [`${host}:/h`],
      },
    );
    assert.match(said, /\/h\/secret.*[Pp]ermission denied/);
    assert.match(said, /mknod: .*not permitted/);
    // The directory is open to all without the sticky bit: to remove a name in it takes no right to the file.
    const shell = lstatSync(join(host, 'sh'));
    assert.ok(shell.uid >= POOL && shell.gid >= POOL, `owner ${shell.uid}:${shell.gid}`);
    assert.ok(!existsSync(join(host, 'disk')));
  });

  test('changes no sysctl, no time, no module and no host name of the host', async () => {
    const before = ['kernel/core_pattern', 'kernel/hostname', 'vm/overcommit_memory', 'net/core/somaxconn'].map(sysctl);
    const said = await sh(
      `for f in kernel/core_pattern vm/overcommit_memory kernel/modprobe kernel/sysrq; do echo evil >/proc/sys/$f; done
       echo b >/proc/sysrq-trigger; date -s 2000-01-01; hostname evil; sysctl -w net.core.somaxconn=7; dmesg -c >/dev/null; swapoff -a
       ls /proc/kcore >/dev/null; head -c 1 /proc/kcore; echo 1 >/sys/kernel/profiling`,
    );
    assert.match(said, /can't create \/proc\/sys\/kernel\/core_pattern: Permission denied/);
    assert.match(said, /can't create \/proc\/sys\/vm\/overcommit_memory: Permission denied/);
    assert.match(said, /date: can't set date: Operation not permitted/);
    assert.deepEqual(
      ['kernel/core_pattern', 'kernel/hostname', 'vm/overcommit_memory', 'net/core/somaxconn'].map(sysctl),
      before,
    );
    assert.ok(new Date().getFullYear() > 2020);
  });

  test('makes and opens no device, and mounts no disk', async () => {
    const disk = readdirSync('/sys/block').find((name) => existsSync(`/dev/${name}`));
    const numbers = disk ? readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim().replace(':', ' ') : '7 0';
    const said = await sh(
      `mknod /dev/disk b ${numbers}; mknod /tmp/mem c 1 1; ls /dev/disk /tmp/mem; mount -t ext4 /dev/disk /mnt`,
    );
    assert.match(said, /mknod: \/dev\/disk: Operation not permitted/);
    assert.match(said, /mknod: \/tmp\/mem: Operation not permitted/);
    assert.match(said, /ls: \/dev\/disk: No such file/);
  });

  test('a device node that somebody else put into its root stays dead, also without nodev', async () => {
    const id = await engine.create({ Cmd: ['sleep', '600'], HostConfig: EVERYTHING });
    const node = join(engine.daemon!.dataRoot, 'containers', id, 'upper', 'mem');
    execFileSync('mknod', ['-m', '666', node, 'c', '1', '1']);
    await engine.start(id);
    const script = 'stat -c %u:%t:%T /mem; mount -o remount,bind,dev /; head -c 1 /mem; echo $?';
    const { stdout, stderr } = await engine.exec(id, ['sh', '-c', script], { Privileged: false });
    assert.match(stdout, /^0:1:1\n1\n$/, stderr);
    assert.match(stderr, /head: \/mem: (Operation not permitted|Permission denied)/);
    await engine.remove(id);
  });

  test('cannot mount the cgroups of others, nor leave its own through a release agent (CVE-2022-0492)', async () => {
    const agent = await sh(
      'mkdir /c; for t in rdma memory pids freezer; do mount -t cgroup -o $t cgroup /c; done; echo x >/c/release_agent; ls /c | wc -l',
    );
    assert.match(agent, /mounting cgroup on \/c failed|can't create \/c\/release_agent/);
  });

  test('takes away nothing that is masked, read-only, nodev, nosuid or noexec', async () => {
    const script = `umount /proc/acpi; umount -l /proc/keys; umount /proc/sys; umount /proc
      mount -o remount,bind,rw /proc/sys; mount -o remount,bind,rw /h; mount -o remount,bind,dev,suid,exec /dev/shm; mount -o remount,bind,dev /
      mount -o bind /h /tmp; mount -o remount,bind,rw /tmp; touch /h/x; touch /tmp/x; echo 1 >/proc/sys/net/ipv4/ip_forward; ls /proc/acpi | wc -l`;
    const HostConfig = { CapAdd: ['ALL'], Binds: [`${host}:/h:ro`] };
    const { stdout, stderr } = await engine.run(['sh', '-c', script], { HostConfig });
    assert.equal(stdout, '0\n');
    const said = stderr.trim().split('\n');
    assert.equal(
      said.filter((line) => /^u?mount: .*(Invalid argument|Operation not permitted|permission denied)/i.test(line))
        .length,
      9,
      stderr,
    );
    assert.equal(said.filter((line) => line.includes('Read-only file system')).length, 3, stderr);
    assert.ok(!existsSync(join(host, 'x')));
  });

  test('mounts nothing on the host through what is shared with it, and still sees what the host mounts there', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tdt-shared-'));
    const tmpfs = (path: string) => execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path]);
    const mounts = () =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(dir));
    try {
      tmpfs(dir);
      execFileSync('mount', ['--make-shared', dir]);
      for (const name of ['by-host', 'by-container']) mkdirSync(join(dir, name));
      const Mounts = [{ Type: 'bind', Source: dir, Target: '/m', BindOptions: { Propagation: 'rshared' } }];
      const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { ...EVERYTHING, Mounts } });
      tmpfs(join(dir, 'by-host'));
      const script =
        'mount -t tmpfs x /m/by-container && grep -c " /m/by-container " /proc/self/mountinfo; grep -c " /m/by-host " /proc/self/mountinfo';
      const { stdout, stderr } = await engine.exec(id, ['sh', '-c', script]);
      assert.equal(stdout, '1\n1\n', stderr);
      assert.equal(mounts().length, 2, mounts().join('\n'));
      await engine.remove(id);
    } finally {
      execFileSync('umount', ['-R', dir]);
      rmdirSync(dir);
    }
  });

  test('sees and signals nobody of the host, nor the process that built its root', async () => {
    const said = await sh('for p in /proc/[0-9]*; do readlink $p/exe; done; kill -9 -1; echo alive');
    assert.doesNotMatch(said, /td-shim|tinydockerd/);
    assert.match(said, /alive/);
  });

  test('two containers with ranges of their own cannot write each other’s files where both can reach', async () => {
    const bind = { Binds: [`${host}:/h`] };
    await sh('echo first >/h/first; chmod 600 /h/first', bind);
    const keeper = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: EVERYTHING });
    const said = await sh('cat /h/first; echo second >>/h/first; chown 0:0 /h/first', bind);
    assert.equal((said.match(/denied|not permitted/g) ?? []).length, 3, said);
    assert.equal(readFileSync(join(host, 'first'), 'utf8'), 'first\n');
    await engine.remove(keeper);
  });
});

test('nothing of the host’s tree, and no descriptor of it, reaches a container that runs', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const { Pid } = (await engine.inspect(id)).State;
  assert.deepEqual(readdirSync(`/proc/${Pid}/fd`), ['0', '1', '2']);
  const mounts = readFileSync(`/proc/${Pid}/mountinfo`, 'utf8');
  const roots = mounts
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[4]);
  assert.equal(roots.filter((path) => path === '/').length, 1, mounts);
  assert.ok(!mounts.includes('shared:') && !mounts.includes('master:'), mounts);
  await engine.remove(id);
});

test('exec has no more than what it becomes', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const { stdout } = await engine.exec(
    id,
    ['sh', '-c', 'ls -l /proc/self/fd | grep -c -- "->"; grep -E "^(Uid|Cap(Inh|Prm|Eff|Bnd|Amb))" /proc/self/status'],
    { User: '33' },
  );
  assert.match(
    stdout,
    /^3\nUid:\t33\t33\t33\t33\nCapInh:\t0+\nCapPrm:\t0+\nCapEff:\t0+\nCapBnd:\t00000000a80425fb\nCapAmb:\t0+\n$/,
  );
  await engine.remove(id);
});
