import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { launchAfter } from '../helpers/files.js';
import { AUTO, GROUPS, ownerOf, REMAP, usernsEngine } from '../helpers/userns.js';

/* A user namespace for the whole daemon (--userns-remap): processes, devices, options, and what is refused. */

const { engine, sh } = await usernsEngine();

describe('--userns-remap', () => {
  test('all ranges of the user and of the group, behind each other', async () => {
    const maps = await sh('cat /proc/self/uid_map; echo; cat /proc/self/gid_map');
    const numbers = maps.split('\n\n').map((map) =>
      map
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number)),
    );
    assert.deepEqual(numbers, [
      [
        [0, REMAP, 1000],
        [1000, REMAP + 10000, 70000],
      ],
      [[0, GROUPS, 65536]],
    ]);
  });

  test('root inside, nobody on the host; files on disk have the ids that the container sees', async () => {
    const id = await launchAfter(engine, 'touch /made; chown 33:44 /made; chmod 4755 /made');
    const { Pid } = (await engine.inspect(id)).State;
    assert.match(readFileSync(`/proc/${Pid}/status`, 'utf8'), new RegExp(`^Uid:\t${REMAP}\t`, 'm'));
    const upper = join(engine.daemon!.dataRoot, 'containers', id, 'upper');
    assert.equal((await engine.exec(id, ['stat', '-c', '%u:%g %a', '/made'])).stdout, '33:44 4755\n');
    assert.deepEqual(ownerOf(join(upper, 'made')), [33, 44]);
    await engine.remove(id);
  });

  test('the image’s files belong to whom the image says, and a change of one is seen', async () => {
    const before = await sh('stat -c %u:%g /bin/busybox /etc/passwd /tmp', { HostConfig: { UsernsMode: 'host' } });
    assert.equal(await sh('echo >>/etc/passwd; stat -c %u:%g /bin/busybox /etc/passwd /tmp'), before);
  });

  test('/dev, /proc, /sys, queues, shared memory and terminals belong to root of the container', async () => {
    const paths =
      '/dev /dev/null /dev/pts /dev/pts/ptmx /dev/mqueue /dev/shm /etc/hosts /etc/resolv.conf /etc/hostname';
    assert.equal(await sh(`stat -c %u:%g ${paths} | sort -u`), '0:0\n');
    assert.equal(
      await sh('echo x >/dev/null; head -c 1 /dev/zero | wc -c; echo 1.2.3.4 x >>/etc/hosts; tail -1 /etc/hosts'),
      '1\n1.2.3.4 x\n',
    );
    assert.match(await sh('stat -c %u:%g $(tty)', { Tty: true, User: '33' }), /^33:5/);
    assert.equal(await sh('echo out >/dev/stdout; echo out >/proc/self/fd/1', { User: '33:33' }), 'out\nout\n');
  });

  test('the other namespaces belong to it: interfaces and mounts are the container’s to change', async () => {
    const config = {
      HostConfig: {
        CapAdd: ['NET_ADMIN', 'SYS_ADMIN'],
        Sysctls: { 'kernel.msgmax': '7777', 'net.ipv4.ip_forward': '1' },
      },
    };
    const script = `ip link set lo mtu 1400 && mount -t tmpfs x /tmp && hostname other && hostname
      cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ping_group_range`;
    assert.equal(await sh(script, config), 'other\n7777\n1\n0\t65535\n');
  });

  test('--domainname, --hostname, --init, --read-only, --tmpfs with an owner, --ulimit, --oom-score-adj, --pids-limit', async () => {
    const config = {
      Hostname: 'h',
      Domainname: 'd',
      HostConfig: {
        Init: true,
        ReadonlyRootfs: true,
        Tmpfs: { '/t': 'uid=7,gid=8,mode=700' },
        OomScoreAdj: 5,
        Ulimits: [{ Name: 'nofile', Soft: 50, Hard: 60 }],
        Sysctls: { 'kernel.domainname': 'e' },
        PidsLimit: 50,
      },
    };
    const script =
      'hostname; cat /proc/sys/kernel/domainname; stat -c %u:%g:%a /t; touch /x 2>&1 | grep -c Read-only; cat /proc/1/oom_score_adj; ulimit -Hn';
    assert.equal(await sh(script, config), 'h\ne\n7:8:700\n1\n5\n60\n');
  });

  test('--device: the node belongs to root of the container and can be used', async () => {
    const devices = [{ PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'rwm' }];
    assert.equal(
      await sh('stat -c %u:%t:%T /dev/mine; echo x >/dev/mine', { HostConfig: { Devices: devices } }),
      '0:1:3\n',
    );
  });

  test('exec and health checks are in the user namespace, with its root’s capabilities', async () => {
    const id = await engine.launch({
      Cmd: ['sleep', '600'],
      Healthcheck: {
        Test: ['CMD-SHELL', 'test $(id -u) = 0 && touch /checked && cat /proc/self/uid_map'],
        Interval: 1e9,
      },
    });
    const { Pid } = (await engine.inspect(id)).State;
    const inside = await engine.exec(id, [
      'sh',
      '-c',
      'readlink /proc/self/ns/user; id -u; grep CapEff /proc/self/status; echo >/dev/stdout; touch /e; stat -c %u:%g /e',
    ]);
    assert.equal(inside.stdout, `${readlinkSync(`/proc/${Pid}/ns/user`)}\n0\nCapEff:\t00000000a80425fb\n\n0:0\n`);
    const tty = await engine.exec(id, ['sh', '-c', 'stat -c %u:%g $(tty)'], { Tty: true, User: '5:6' });
    assert.match(tty.stdout, /^5:5/);
    for (;;) {
      const { Health } = (await engine.inspect(id)).State as { Health?: { Status: string; Log: { Output: string }[] } };
      if (Health?.Status === 'starting') continue;
      assert.equal(Health?.Status, 'healthy');
      assert.match(Health.Log[0]!.Output, new RegExp(`^\\s+0\\s+${REMAP}\\s`));
      break;
    }
    await engine.remove(id);
  });

  test('what takes the host’s privileges is refused in Docker’s words, and done with --userns host', async () => {
    const cases = [
      [
        { Privileged: true },
        'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
      ],
      [{ NetworkMode: 'host' }, "cannot share the host's network namespace when user namespaces are enabled"],
      [{ PidMode: 'host' }, 'cannot share the host PID namespace when user namespaces are enabled'],
      [{ IpcMode: 'host' }, 'cannot share the host IPC namespace when user namespaces are enabled'],
    ] as const;
    for (const [HostConfig, message] of cases) {
      const body = (more: object) => ({ Image: engine.image, Cmd: ['true'], HostConfig: { ...HostConfig, ...more } });
      await refused(engine.api.post('/containers/create', body({})), 400, message);
      await refused(engine.api.post('/containers/create', body({ UsernsMode: 'auto' })), 400, message);
      assert.equal((await engine.run(['true'], body({ UsernsMode: 'host' }))).exitCode, 0);
    }
  });

  test('--userns host is the host’s user namespace; anything unknown is refused', async () => {
    assert.match(
      await sh('cat /proc/self/uid_map', { HostConfig: { UsernsMode: 'host' } }),
      /^\s+0\s+0\s+4294967295$/m,
    );
    for (const UsernsMode of [
      'x',
      'auto:',
      'auto:size=0',
      'auto:size=-1',
      'auto:size=99999999999',
      'host:x',
      'container:x',
    ])
      await refused(
        engine.api.post('/containers/create', { Image: engine.image, HostConfig: { UsernsMode } }),
        400,
        /^invalid user namespace mode: /,
      );
  });

  test('info and inspect tell of it', async () => {
    const { SecurityOptions } = await ok<{ SecurityOptions: string[] }>(engine.api.get('/info'), 200);
    assert.ok(SecurityOptions.includes('name=userns'));
    const id = await engine.create(AUTO);
    assert.equal(
      ((await engine.inspect(id)) as unknown as { HostConfig: { UsernsMode: string } }).HostConfig.UsernsMode,
      'auto',
    );
    await engine.remove(id);
  });

  test('a failing command, user and mount say so as ever, and leave nothing', async () => {
    for (const [config, message] of [
      [{ Cmd: ['/nope'] }, /"\/nope": stat \/nope: no such file or directory/],
      [{ Cmd: ['true'], User: 'nobody-knows' }, /nobody-knows/],
      [{ Cmd: ['true'], User: '70000:66000' }, /become user 70000:66000: invalid argument/],
      [{ Cmd: ['true'], HostConfig: { Tmpfs: { '/t': 'uid=99999' } } }, /99999 is not in the user namespace/],
    ] as const) {
      const id = await engine.create(config as Record<string, unknown>);
      const reply = await engine.api.post(`/containers/${id}/start`);
      assert.ok(reply.status >= 400, reply.text);
      assert.match(reply.message, message);
      await engine.remove(id);
    }
  });
});
