import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Engine, uniqueName } from '../helpers/engine.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { dockerArchive } from '../helpers/tar.js';

const engine = await Engine.open();
const images = new ImageLoader(engine.api);
after(async () => {
  await images.removeAll();
  await engine.close();
});

const sh = async (script: string, config: Record<string, unknown> = {}) => {
  const { stdout, stderr, exitCode } = await engine.run(['sh', '-c', script], config);
  assert.equal(exitCode, 0, stderr);
  return stdout;
};

describe('processes', () => {
  test('the command is process 1 and alone', async () => {
    assert.equal(await sh('set -- /proc/[0-9]*; echo $$ $#'), '1 1\n');
  });

  test('nothing is inherited: only the three streams are open', async () => {
    if (!engine.own) return; // the reference's processes are looked at from within only
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    assert.deepEqual(readdirSync(`/proc/${(await engine.inspect(id)).State.Pid}/fd`), ['0', '1', '2']);
  });

  test('namespaces of its own, and none of the host’s but user and time', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const { Pid } = (await engine.inspect(id)).State;
    if (!engine.own) return;
    for (const kind of ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts']) {
      assert.notEqual(readlinkSync(`/proc/${Pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
    }
    assert.equal(readlinkSync(`/proc/${Pid}/ns/user`), readlinkSync('/proc/self/ns/user'));
  });

  test('Docker’s capabilities, no ambient ones, no new privileges only when asked for', async () => {
    const status = await sh('grep -E "^(Cap|NoNewPrivs)" /proc/self/status');
    assert.deepEqual(
      status
        .trim()
        .split('\n')
        .map((line) => line.split('\t')),
      [
        ...[
          ['CapInh:', '0000000000000000'],
          ['CapPrm:', '00000000a80425fb'],
          ['CapEff:', '00000000a80425fb'],
        ],
        ...[
          ['CapBnd:', '00000000a80425fb'],
          ['CapAmb:', '0000000000000000'],
          ['NoNewPrivs:', '0'],
        ],
      ],
    );
    assert.match(
      await sh('grep NoNewPrivs /proc/self/status', { HostConfig: { SecurityOpt: ['no-new-privileges'] } }),
      /\t1\n/,
    );
  });

  test('capabilities added and dropped, with and without CAP_', async () => {
    const eff = async (HostConfig: Record<string, unknown>) =>
      (await sh('grep CapEff /proc/self/status', { HostConfig })).split('\t')[1];
    assert.equal(await eff({ CapDrop: ['ALL'] }), '0000000000000000\n');
    assert.equal(await eff({ CapDrop: ['ALL'], CapAdd: ['CAP_NET_BIND_SERVICE', 'chown'] }), '0000000000000401\n');
    assert.equal(await eff({ CapAdd: ['SYS_TIME', 'MKNOD'] }), '00000000aa0425fb\n');
    assert.equal(await eff({ CapDrop: ['CHOWN'] }), '00000000a80425fa\n');
  });

  test('a user: by name, by number, with a group, and without capabilities', async () => {
    const who = 'echo $(id -u) $(id -g); grep CapEff /proc/self/status';
    assert.equal(await sh(who, { User: '1000:1001' }), '1000 1001\nCapEff:\t0000000000000000\n');
    assert.equal(await sh(who, { User: 'root' }), '0 0\nCapEff:\t00000000a80425fb\n');
    assert.equal(
      await sh('id -u; id -g; id -G', { User: '77', HostConfig: { GroupAdd: ['88', '99'] } }),
      '77\n0\n0 88 99\n',
    );
  });

  test('limits and oom_score_adj', async () => {
    const HostConfig = { Ulimits: [{ Name: 'nofile', Soft: 123, Hard: 456 }], OomScoreAdj: 321 };
    assert.equal(await sh('ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj', { HostConfig }), '123\n456\n321\n');
  });
});

describe('names and environment', () => {
  test('hostname: given, and else the short id', async () => {
    assert.equal(await sh('hostname; cat /etc/hostname', { Hostname: 'box' }), 'box\nbox\n');
    const { id, stdout } = await engine.run(['hostname']);
    assert.equal(stdout, `${id.slice(0, 12)}\n`);
  });

  test('/etc/hosts names localhost and the container; resolv.conf is there', async () => {
    const hosts = await sh('cat /etc/hosts', { Hostname: 'box', HostConfig: { ExtraHosts: ['other:10.1.2.3'] } });
    assert.match(hosts, /^127\.0\.0\.1\s+localhost$/m);
    assert.match(hosts, /^10\.1\.2\.3\s+other$/m);
    await sh('test -f /etc/resolv.conf');
  });

  test('the environment is PATH, HOSTNAME, HOME and what was given', async () => {
    const lines = (await sh('env', { Hostname: 'box', Env: ['A=1', 'B=with = sign', 'EMPTY='] })).trim().split('\n');
    for (const line of ['A=1', 'B=with = sign', 'EMPTY=', 'HOSTNAME=box', 'HOME=/root'])
      assert.ok(lines.includes(line), `${line} in ${lines}`);
    assert.ok(lines.includes('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'), String(lines));
  });

  test('the working directory is made when it is not there', async () => {
    assert.equal(await sh('pwd', { WorkingDir: '/made/on/the/way' }), '/made/on/the/way\n');
  });

  test('sysctls of its own namespaces', async () => {
    assert.equal(
      await sh('cat /proc/sys/kernel/shmmni', { HostConfig: { Sysctls: { 'kernel.shmmni': '77' } } }),
      '77\n',
    );
  });
});

describe('files', () => {
  test('a tmpfs on a directory has its mode, where no other is asked for', async () => {
    const modes = (Tmpfs: Record<string, string>) =>
      sh('mkdir -p /other; stat -c %a /root /new /tmp 2>/dev/null', { HostConfig: { Tmpfs } });
    assert.equal(await modes({ '/root': '', '/tmp': '', '/new': '' }), '700\n1777\n1777\n');
    assert.equal(await modes({ '/root': 'mode=711', '/new': 'mode=750' }), '711\n750\n1777\n');
  });

  test('programs find what is mounted where they look for it', async () => {
    assert.equal(
      await sh('readlink /etc/mtab; grep -c " / overlay" /etc/mtab; test -f /.dockerenv && echo there'),
      '/proc/mounts\n1\nthere\n',
    );
  });

  test('the root is an overlay and nothing of the host is seen', async () => {
    const mounts = (await sh('cat /proc/self/mountinfo'))
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const at = new Map(
      mounts.map((field) => [field[4]!, { type: field[field.indexOf('-') + 1]!, options: field[5]!.split(',') }]),
    );
    assert.equal(at.get('/')?.type, 'overlay');
    assert.equal(at.get('/proc')?.type, 'proc');
    for (const [point, type] of [
      ['/dev', 'tmpfs'],
      ['/dev/pts', 'devpts'],
      ['/dev/mqueue', 'mqueue'],
      ['/dev/shm', 'tmpfs'],
      ['/sys', 'sysfs'],
    ]) {
      assert.equal(at.get(point!)?.type, type, point);
    }
    // With cgroups v1 dockerd leaves the directory of the hierarchies writable, and only them read-only.
    const readOnly = ['/sys', '/proc/sys', '/proc/irq', '/proc/bus', '/proc/sysrq-trigger'];
    // With cgroups v1 dockerd leaves the directory of the hierarchies writable, and only them read-only.
    if (engine.own) readOnly.push('/sys/fs/cgroup');
    for (const point of readOnly.filter((p) => at.has(p))) {
      assert.ok(at.get(point)!.options.includes('ro'), `${point} is ${at.get(point)!.options}`);
    }
    for (const point of ['/sys', '/proc', '/dev/shm', '/dev/mqueue']) {
      for (const option of ['nosuid', 'nodev', 'noexec'])
        assert.ok(at.get(point)!.options.includes(option), `${point} is ${at.get(point)!.options}`);
    }
    assert.ok(at.has('/proc/sys'));
    // No mount of the host shines through: each is one that belongs into a container.
    for (const point of at.keys()) assert.match(point, /^\/($|proc|dev|sys|etc\/(hosts|hostname|resolv\.conf)$)/);
  });

  test('masked files are empty, masked directories too', async () => {
    assert.equal(await sh('cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c'), '0\n');
    assert.equal(await sh('ls -A /proc/acpi /proc/scsi /sys/firmware 2>/dev/null | grep -v : | grep . | wc -l'), '0\n');
  });

  test('the kernel’s switches cannot be written', async () => {
    for (const file of ['/proc/sys/kernel/hostname', '/proc/sysrq-trigger', '/sys/kernel/mm/ksm/run']) {
      assert.equal(await sh(`(echo 1 > ${file}) 2>/dev/null && echo written || echo refused`), 'refused\n', file);
    }
  });

  test('/dev has the usual nodes and no others', async () => {
    // "core" is there where the kernel has /proc/kcore.
    const names = (await sh('ls /dev'))
      .trim()
      .split('\n')
      .filter((name) => name !== 'core')
      .sort();
    const expected = [
      'fd',
      'full',
      'mqueue',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ];
    assert.deepEqual(names, expected);
    assert.equal(
      await sh('echo x > /dev/null; head -c 4 /dev/zero | od -An -tx1; head -c 3 /dev/urandom | wc -c'),
      ' 00 00 00 00\n3\n',
    );
    assert.equal(await sh('(: < /dev/full) && (echo x > /dev/full) 2>&1 | grep -c "No space"'), '1\n');
  });

  test('a device node that is made outside of /dev opens nothing', async () => {
    assert.equal(await sh('mknod /zero c 1 5; (: < /zero) 2>/dev/null || echo refused'), 'refused\n');
  });

  test('a device node that an image brings opens nothing', async () => {
    const tag = `${uniqueName('img')}:v1`;
    const program = { name: 'busybox', mode: 0o755, content: readFileSync('/bin/busybox') };
    const zero = { name: 'zero', type: '3', mode: 0o666, device: [1, 5] as [number, number] };
    await images.load(dockerArchive({ tag, layers: [[program, zero]] }).archive, tag);
    const { stderr, exitCode } = await engine.run(['/busybox', 'head', '-c', '1', '/zero'], { Image: tag });
    assert.deepEqual([stderr, exitCode], ['head: /zero: Permission denied\n', 1]);
  });

  test('/dev/shm has the size asked for', async () => {
    assert.match(await sh('df -k /dev/shm | tail -1', { HostConfig: { ShmSize: 8 << 20 } }), /\b8192\b/);
    assert.match(await sh('df -k /dev/shm | tail -1'), /\b65536\b/);
  });

  test('a read-only root, with what is writable beside it', async () => {
    const HostConfig = { ReadonlyRootfs: true, Tmpfs: { '/scratch': 'size=1m' } };
    assert.equal(
      await sh('(touch /x) 2>/dev/null || echo refused; touch /scratch/x && touch /dev/shm/x && echo fine', {
        HostConfig,
      }),
      'refused\nfine\n',
    );
  });

  test('containers of one image do not see each other’s files', async () => {
    const first = await engine.launch({ Cmd: ['sh', '-c', 'echo mine > /file; rm /bin/ls'] });
    assert.equal(await engine.wait(first), 0);
    assert.equal(await sh('test -e /file || echo none; test -e /bin/ls && echo whole'), 'none\nwhole\n');
  });

  test('bind mounts: read-write and read-only', async () => {
    if (!engine.own) return; // the reference lives on other files
    const directory = join(engine.daemon!.home, 'bound');
    const { mkdirSync, writeFileSync } = await import('node:fs');
    mkdirSync(directory);
    writeFileSync(join(directory, 'in'), 'from host\n');
    const script = 'cat /b/in; echo out > /b/out; (echo x > /r/no) 2>/dev/null || echo refused';
    assert.equal(
      await sh(script, { HostConfig: { Binds: [`${directory}:/b`, `${directory}:/r:ro`] } }),
      'from host\nrefused\n',
    );
    assert.equal(readFileSync(join(directory, 'out'), 'utf8'), 'out\n');
  });
});

describe('network', () => {
  test('none: a loopback that is up, and nothing else', async () => {
    assert.equal(
      await sh('ls /sys/class/net; cat /sys/class/net/lo/flags; cat /proc/net/route | wc -l'),
      'lo\n0x9\n1\n',
    );
    assert.match(await sh('ping -c 1 -W 5 127.0.0.1'), /1 packets received/);
  });

  test('host: the host’s own links and name', async () => {
    if (!engine.own) return;
    const seen = await sh('ls /sys/class/net', { HostConfig: { NetworkMode: 'host' } });
    assert.ok(seen.split('\n').includes('lo'));
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { NetworkMode: 'host' } });
    const { Pid } = (await engine.inspect(id)).State;
    assert.equal(readlinkSync(`/proc/${Pid}/ns/net`), readlinkSync('/proc/self/ns/net'));
  });
});

describe('cgroups', () => {
  /** The container's directory in the hierarchy of a controller, whichever version the machine has. */
  function cgroupOf(pid: number, controller: string): { directory: string; version: 1 | 2 } {
    const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(':'));
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const v1 = lines.find((field) => field[1]!.split(',').includes(controller));
    const mount = mounts.find((field) => {
      const dash = field.indexOf('-');
      return v1
        ? field[dash + 1] === 'cgroup' && field[dash + 3]!.split(',').includes(controller)
        : field[dash + 1] === 'cgroup2';
    })!;
    return { directory: join(mount[4]!, (v1 ?? lines.find((field) => field[0] === '0'))![2]!), version: v1 ? 1 : 2 };
  }

  test('limits are really written, and all is gone at the end', async () => {
    const HostConfig = { Memory: 48 << 20, NanoCpus: 500_000_000, PidsLimit: 33, CpuShares: 512, CpusetCpus: '0' };
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig });
    const { Pid } = (await engine.inspect(id)).State;
    const value = (controller: string, v1: string, v2: string) => {
      const { directory, version } = cgroupOf(Pid, controller);
      assert.ok(directory.includes(id), directory);
      return readFileSync(join(directory, version === 1 ? v1 : v2), 'utf8').trim();
    };
    assert.equal(value('memory', 'memory.limit_in_bytes', 'memory.max'), String(48 << 20));
    assert.equal(value('pids', 'pids.max', 'pids.max'), '33');
    assert.equal(value('cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0');
    assert.match(value('cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^50000( 100000)?$/);
    assert.match(value('cpu', 'cpu.shares', 'cpu.weight'), /^(512|20|59)$/);
    const { directory } = cgroupOf(Pid, 'memory');
    await engine.remove(id);
    assert.equal(existsSync(directory), false);
  });

  test('the pids limit holds', async () => {
    const { stderr } = await engine.run(['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'], {
      HostConfig: { PidsLimit: 4 },
    });
    assert.match(stderr, /can't fork|Resource temporarily unavailable/);
  });

  test('memory above the limit ends in the OOM killer, and inspect says so', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'head -c 100000000 /dev/zero | tail; exit $?'],
      HostConfig: { Memory: 16 << 20, MemorySwap: 16 << 20 },
    });
    assert.equal(await engine.wait(id), 137);
    assert.equal((await engine.inspect(id)).State.OOMKilled, true);
  });

  test('inside, the container is at the root of what it sees', async () => {
    if (!engine.own && existsSync('/sys/fs/cgroup/memory')) return; // dockerd has no cgroup namespace on v1
    for (const line of (await sh('cat /proc/self/cgroup')).trim().split('\n')) assert.match(line, /:\/$/);
  });

  test('the container’s processes are in one cgroup with its execs', async () => {
    if (!engine.own) return;
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const { Pid } = (await engine.inspect(id)).State;
    const exec = await engine.createExec(id, ['sleep', '600']);
    await engine.api.post(`/exec/${exec}/start`, { Detach: true });
    const inner = (await engine.inspectExec(exec)).Pid;
    const cgroups = (pid: number) => readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    assert.equal(cgroups(inner), cgroups(Pid));
    assert.ok(cgroups(Pid).includes(`/${engine.daemon!.instance}/${id}`), cgroups(Pid));
    assert.ok(readdirSync('/sys/fs/cgroup').length > 0);
  });
});

describe('init and privileged', () => {
  test('with init the command is not process 1, and orphans are reaped', async () => {
    const out = await sh(
      'test $$ -ne 1 && echo child; (sh -c "sleep 0.05 &" ); sleep 0.3; ps -o stat | grep -c Z; true',
      { HostConfig: { Init: true } },
    );
    assert.equal(out, 'child\n0\n');
  });

  test('init passes signals on and reports the command’s code', async () => {
    const id = await engine.create({
      Cmd: ['sh', '-c', 'trap "exit 21" TERM; echo ready; while :; do sleep 0.02; done'],
      HostConfig: { Init: true },
    });
    const stream = await engine.attach(id);
    await engine.start(id);
    await stream.waitFor('ready');
    assert.equal((await engine.api.post(`/containers/${id}/kill`, undefined, { signal: 'TERM' })).status, 204);
    assert.equal(await engine.wait(id), 21);
    await stream.finished();
  });

  test('privileged: all capabilities, the host’s devices, a writable /sys', async () => {
    const out = await sh(
      'grep CapEff /proc/self/status; test -e /dev/kmsg && echo devices; grep " /sys " /proc/mounts',
      { HostConfig: { Privileged: true } },
    );
    const full = BigInt(`0x${/CapEff:\t([0-9a-f]+)/.exec(out)![1]}`);
    const mine = BigInt(`0x${/CapBnd:\t([0-9a-f]+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`);
    assert.equal(full, mine);
    assert.match(out, /devices\n/);
    assert.match(out, /sysfs \/sys sysfs rw/);
  });
});
