import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { build } from '../helpers/build.js';
import { TestDaemon } from '../helpers/daemon.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { copyIn, copyOut, launchAfter } from '../helpers/files.js';
import { PrivateEtc } from '../helpers/private-etc.js';
import { tar } from '../helpers/tar.js';
import { untar } from '../helpers/untar.js';

/* User namespaces: of the whole daemon (--userns-remap), of one container (--userns auto), and none (--userns host). */

/** Root of the containers of the remapped daemon, and the pool that the others have their ranges from. */
const REMAP = 500000;
const GROUPS = 600000;
const POOL = 1000000;
const RANGE = 65536;

const etc = await PrivateEtc.make({
  passwd: 'root:x:0:0:root:/root:/bin/sh\nmapper:x:4242:4242::/nonexistent:/bin/false\n',
  group: 'root:x:0:\nmappers:x:4343:\n',
  subuid: `mapper:${REMAP}:1000\n4242:${REMAP + 10000}:70000\ntinydocker-auto:${POOL}:${3 * RANGE}\nbroken:x:y\nzero:0:10\n`,
  subgid: `mapper:700000:65536\nmappers:${GROUPS}:65536\ntinydocker-auto:${POOL + 7}:${3 * RANGE}\nbroken:1:1\nzero:1:10\n`,
});
const engine = await Engine.open({ args: ['--userns-remap', 'mapper:mappers'], enter: etc.enter });
/** What the host shares with containers, open to all so that only ownership tells. */
const shared = mkdtempSync(join(tmpdir(), 'tdt-shared-'));
chmodSync(shared, 0o777);
after(async () => {
  await engine.close();
  etc.close();
  rmSync(shared, { recursive: true });
});

const sh = async (script: string, config: Record<string, unknown> = {}) => {
  const { stdout, stderr, exitCode } = await engine.run(['sh', '-c', script], config);
  assert.equal(exitCode, 0, stderr);
  return stdout;
};
const auto = { HostConfig: { UsernsMode: 'auto' } };
/** The host's number of root in a running container. */
const rootOf = async (id: string) => {
  const { Pid } = (await engine.inspect(id)).State;
  return Number(readFileSync(`/proc/${Pid}/uid_map`, 'utf8').trim().split(/\s+/)[1]);
};
const ownerOf = (path: string) => {
  const { uid, gid } = lstatSync(path);
  return [uid, gid];
};

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

  test('volumes have the container’s ids on disk, whatever the mapping; they are filled so', async () => {
    const name = uniqueName('v');
    const config = (UsernsMode: string) => ({ HostConfig: { UsernsMode, Binds: [`${name}:/var/spool`] } });
    await sh('touch /var/spool/f; chown 33:44 /var/spool/f', config(''));
    const data = join(engine.daemon!.dataRoot, 'volumes', name, '_data');
    assert.deepEqual(ownerOf(join(data, 'f')), [33, 44]);
    for (const mode of ['', 'auto', 'host'])
      assert.equal(await sh('stat -c %u:%g /var/spool/f /var/spool', config(mode)), '33:44\n0:0\n');
    await ok(engine.api.delete(`/volumes/${name}`), 204);
  });

  test('a directory of the host has the host’s ids', async () => {
    const dir = join(shared, 'bind');
    mkdirSync(dir);
    chmodSync(dir, 0o777);
    writeFileSync(join(dir, 'roots'), 'secret');
    chmodSync(join(dir, 'roots'), 0o600);
    assert.equal(
      await sh('touch /b/new; stat -c %u /b/new /b/roots; cat /b/roots 2>&1 | grep -c denied', {
        HostConfig: { Binds: [`${dir}:/b`] },
      }),
      '0\n65534\n1\n',
    );
    assert.deepEqual(ownerOf(join(dir, 'new')), [REMAP, GROUPS]);
  });

  test('what is copied there from outside belongs to the container’s ids, whether it runs or not', async () => {
    const dir = join(shared, 'copied');
    mkdirSync(dir);
    chownSync(dir, REMAP, GROUPS);
    writeFileSync(join(dir, 'roots'), 'secret');
    chownSync(join(dir, 'roots'), REMAP, GROUPS);
    writeFileSync(join(dir, 'hosts'), 'of the host');
    for (const name of ['roots', 'hosts']) chmodSync(join(dir, name), 0o600);
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { Binds: [`${dir}:/b`] } });
    const look = async (name: string) => {
      await ok(copyIn(engine, id, '/b', tar([{ name, content: 'x' }])), 200);
      assert.deepEqual(ownerOf(join(dir, name)), [REMAP, GROUPS]);
      const [file] = await copyOut(engine, id, `/b/${name}`);
      assert.deepEqual([file!.uid, file!.gid], [0, 0]);
      // The host's own user of that number may read it, and so may root of the container.
      const [own] = await copyOut(engine, id, '/b/roots');
      assert.equal(own!.content.toString(), 'secret');
      const closed = await engine.api.get(`/containers/${id}/archive`, { path: '/b/hosts' });
      assert.ok(!closed.text.includes('of the host'), closed.text);
    };
    await look('running');
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    await look('stopped');
    await engine.remove(id);
  });

  test('with "idmap" the container’s user has what the owner of the directory has', async () => {
    const dir = join(shared, 'idmap');
    mkdirSync(dir);
    chownSync(dir, 1234, 1235);
    writeFileSync(join(dir, 'f'), 'mine');
    chownSync(join(dir, 'f'), 1234, 1235);
    chmodSync(join(dir, 'f'), 0o600);
    const config = { User: '33:34', HostConfig: { Binds: [`${dir}:/b:idmap`] } };
    assert.equal(await sh('cat /b/f; stat -c %u:%g /b/f; touch /b/new', config), 'mine33:34\n');
    assert.deepEqual(ownerOf(join(dir, 'new')), [1234, 1235]);
  });

  test('with "idmap=container" a directory of the host has the container’s ids, as a volume has', async () => {
    const dir = join(shared, 'own');
    mkdirSync(dir);
    chownSync(dir, 33, 33);
    const script = 'stat -c %u:%g /b; echo x >/b/f; chown 44:55 /b/f; stat -c %u:%g /b/f';
    const config = { HostConfig: { Binds: [`${dir}:/b:idmap=container`] } };
    assert.equal(await sh(script, config), '33:33\n44:55\n');
    assert.deepEqual(ownerOf(join(dir, 'f')), [44, 55]);
  });

  test('builds run in it too: layers, caches, secrets and contexts have the container’s ids', async () => {
    const dockerfile = `FROM busybox
RUN cat /proc/self/uid_map >/map; touch /f; chown 33:44 /f
RUN --mount=type=cache,target=/cache --mount=type=bind,target=/ctx echo x >/cache/f && stat -c %u:%g /cache/f /ctx/a >/seen
COPY a /copied
`;
    const { id, error, text } = await build(engine.api, dockerfile, { a: 'content' });
    assert.equal(error, undefined, text);
    const said = await sh('cat /seen; stat -c %u:%g /f /copied; cat /map', { Image: id });
    assert.match(said, new RegExp(`^0:0\\n0:0\\n33:44\\n0:0\\n\\s+0\\s+${REMAP}\\s`));
    await ok(engine.api.delete(`/images/${id}`, { force: true }), 200);
  });

  test('an image can be mounted', async () => {
    const Mounts = [{ Type: 'image', Source: engine.image, Target: '/img', ImageOptions: { Subpath: 'etc' } }];
    assert.equal(await sh('stat -c %u:%g /img /img/passwd', { HostConfig: { Mounts } }), '0:0\n0:0\n');
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

  test('cp, export, commit and diff speak of the container’s ids, also when it does not run', async () => {
    const id = await launchAfter(engine, 'mkdir /d; touch /d/f; chown 33:44 /d/f');
    const look = async () => {
      const [, file] = await copyOut(engine, id, '/d');
      assert.deepEqual([file!.name, file!.uid, file!.gid], ['d/f', 33, 44]);
      const root = untar((await engine.api.get(`/containers/${id}/export`)).body);
      const exported = root.find(({ name }) => name === 'd/f')!;
      assert.deepEqual([exported.uid, exported.gid], [33, 44]);
    };
    await ok(copyIn(engine, id, '/d', tar([{ name: 'in', content: 'x' }])), 200);
    assert.equal((await engine.exec(id, ['stat', '-c', '%u:%g', '/d/in'])).stdout, '0:0\n');
    await look();
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    await look();
    await ok(copyIn(engine, id, '/d', tar([{ name: 'later', content: 'x' }])), 200);
    const changes = await ok<{ Path: string }[]>(engine.api.get(`/containers/${id}/changes`), 200);
    assert.deepEqual(changes.map(({ Path }) => Path).sort(), ['/d', '/d/f', '/d/in', '/d/later']);
    const repo = uniqueName('img');
    const { Id } = await ok<{ Id: string }>(engine.api.post('/commit', {}, { container: id, repo }), 201);
    assert.equal(await sh('stat -c %u:%g /d/f /d/in /d/later', { Image: Id }), '33:44\n0:0\n0:0\n');
    assert.equal(await sh('stat -c %u:%g /d/f', { Image: Id, HostConfig: { UsernsMode: 'auto' } }), '33:44\n');
    await ok(engine.api.delete(`/images/${repo}`), 200);
    await engine.start(id);
    assert.equal((await engine.exec(id, ['stat', '-c', '%u:%g', '/d/f', '/d/later'])).stdout, '33:44\n0:0\n');
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
    const id = await engine.create(auto);
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

describe('namespaces of another container', () => {
  test('come with its user namespace', async () => {
    const other = await engine.launch({
      Cmd: ['sleep', '600'],
      HostConfig: { UsernsMode: 'auto', IpcMode: 'shareable' },
    });
    const { Pid } = (await engine.inspect(other)).State;
    for (const mode of ['NetworkMode', 'PidMode', 'IpcMode']) {
      const HostConfig = { [mode]: `container:${other}` };
      assert.equal(
        await sh('readlink /proc/self/ns/user', { HostConfig }),
        `${readlinkSync(`/proc/${Pid}/ns/user`)}\n`,
        mode,
      );
    }
    assert.match(await sh('ps', { HostConfig: { PidMode: `container:${other}` } }), /sleep 600/);
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { NetworkMode: `container:${other}` } });
    assert.equal(
      (await engine.exec(id, ['readlink', '/proc/self/ns/user'])).stdout,
      `${readlinkSync(`/proc/${Pid}/ns/user`)}\n`,
    );
    await engine.remove(id);
    await engine.remove(other);
  });

  test('are refused where the other is in the host’s, or two do not agree', async () => {
    const host = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { UsernsMode: 'host' } });
    const other = await engine.launch({ Cmd: ['sleep', '600'] });
    const start = async (HostConfig: Record<string, unknown>) => {
      const id = await engine.create({ Cmd: ['true'], HostConfig });
      const reply = await engine.api.post(`/containers/${id}/start`);
      await engine.remove(id);
      return reply;
    };
    const alone = await start({ PidMode: `container:${host}` });
    assert.equal(alone.status, 400);
    assert.match(alone.message, /it is in the host's user namespace \(--userns host\)/);
    const both = await start({ PidMode: `container:${host}`, NetworkMode: `container:${other}` });
    assert.equal(both.status, 400);
    assert.match(both.message, /their user namespaces are not the same/);
    assert.equal((await start({ PidMode: `container:${other}`, UsernsMode: 'host' })).status, 204);
    for (const id of [host, other]) await engine.remove(id);
  });
});

describe('--userns auto', () => {
  test('a range for each, as long as the container exists, of the size that was asked for', async () => {
    const ids = [];
    for (const mode of ['auto', 'auto:size=1000', 'auto'])
      ids.push(await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { UsernsMode: mode } }));
    assert.deepEqual(await Promise.all(ids.map(rootOf)), [POOL, POOL + RANGE, POOL + RANGE + 1000]);
    const { Pid } = (await engine.inspect(ids[1]!)).State;
    assert.deepEqual(readFileSync(`/proc/${Pid}/gid_map`, 'utf8').trim().split(/\s+/).map(Number), [
      0,
      POOL + 7 + RANGE,
      1000,
    ]);
    // Stopped is not removed: it keeps what it has, and the pool is used up.
    await ok(engine.api.post(`/containers/${ids[0]}/stop`, undefined, { t: 0 }), 204);
    await refused(
      engine.api.post('/containers/create', { Image: engine.image, HostConfig: { UsernsMode: 'auto:size=64537' } }),
      500,
      /the pool of ids \(tinydocker-auto\) has no 64537 left in one piece$/,
    );
    await engine.remove(ids[0]!);
    ids[0] = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { UsernsMode: 'auto' } });
    assert.equal(await rootOf(ids[0]), POOL);
    for (const id of ids) await engine.remove(id);
  });

  test('containers with ranges of their own share the image’s layers', async () => {
    const [a, b] = [
      await engine.launch({ Cmd: ['sleep', '600'], ...auto }),
      await engine.launch({ Cmd: ['sleep', '600'], ...auto }),
    ];
    assert.notEqual(await rootOf(a), await rootOf(b));
    for (const id of [a, b]) assert.equal((await engine.exec(id, ['stat', '-c', '%u', '/bin/busybox'])).stdout, '0\n');
    const busybox = join(engine.daemon!.dataRoot, 'layers', '1', 'bin', 'busybox');
    assert.equal(statSync(busybox).uid, 0);
    for (const id of [a, b]) await engine.remove(id);
  });

  test('the ranges last beyond the daemon, whatever ends it', async () => {
    const stopped = await engine.create({ Cmd: ['sleep', '600'], ...auto });
    const running = await engine.launch({ Cmd: ['sleep', '600'], ...auto });
    const root = await rootOf(running);
    await engine.daemon!.kill9();
    await engine.daemon!.launch();
    assert.equal(await rootOf(running), root);
    assert.equal((await engine.exec(running, ['id', '-u'])).stdout, '0\n');
    const third = await engine.launch({ Cmd: ['sleep', '600'], ...auto });
    await engine.start(stopped);
    const roots = [await rootOf(stopped), root, await rootOf(third)];
    assert.deepEqual(roots, [POOL, POOL + RANGE, POOL + 2 * RANGE]);
    for (const id of [stopped, running, third]) await engine.remove(id);
  });
});

describe('at the start of a daemon', () => {
  const fails = async (args: string[], message: string | RegExp) => {
    const daemon = TestDaemon.prepare({ args, enter: etc.enter });
    await assert.rejects(daemon.launch(), message instanceof RegExp ? message : { message });
    await daemon.close();
  };

  test('what cannot be mapped is a sentence', async () => {
    await fails(
      ['--userns-remap', 'default'],
      /there is no range for "tinydocker-remap" in \/etc\/subuid: add a line such as tinydocker-remap:\d+:65536/,
    );
    await fails(['--userns-remap', 'mapper:nobody-there'], /there is no range for "nobody-there" in \/etc\/subgid/);
    await fails(['--userns-remap', 'broken'], /\/etc\/subuid: "broken:x:y" is not a range of ids/);
    await fails(['--userns-remap', 'zero'], /begins with 0, which is root of the host/);
    await fails(['--userns-remap', 'a:b:c'], /write user, user:group, uid or uid:gid/);
    await fails(
      ['--userns-remap', 'auto', '--userns-pool', 'nobody-there'],
      /cannot use the pool of ids \(--userns-pool nobody-there\)/,
    );
  });

  test('by number, and "auto" for every container that asks for nothing', async () => {
    const numbers = await Engine.open({ config: { 'userns-remap': '4242:4343' }, enter: etc.enter });
    assert.match((await numbers.run(['cat', '/proc/self/gid_map'])).stdout, new RegExp(`^\\s+0\\s+${GROUPS}\\s`));
    await numbers.close();
    const each = await Engine.open({ args: ['--userns-remap', 'auto', '--userns-pool', '800000:70000'] });
    assert.match((await each.run(['cat', '/proc/self/uid_map'])).stdout, /^\s+0\s+800000\s+65536$/m);
    assert.match(
      (await each.run(['cat', '/proc/self/uid_map'], { HostConfig: { UsernsMode: 'host' } })).stdout,
      /4294967295/,
    );
    await each.close();
  });
});
