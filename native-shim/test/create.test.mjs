// What a container is made of, from images that mean harm too, and that nothing is left of one that fails. Needs root.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Ground, Shim, shell } from './shim.mjs';

const ground = new Ground();
after(() => ground.remove());

const ALL_NAMESPACES = ['mount', 'pid', 'uts', 'ipc', 'network', 'cgroup'];
const FLAGS = ['nosuid', 'noexec', 'nodev'];

/** A bundle whose documents and whose own layer have been worked on: `change(config, shim)`, `plant(layer)`. */
function prepare(process, { change, plant } = {}) {
  const bundle = ground.bundle(process, { namespaces: ALL_NAMESPACES });
  const documents = ['config.json', 'shim.json'].map((name) => join(bundle.dir, name));
  const [config, shim] = documents.map((path) => JSON.parse(readFileSync(path, 'utf8')));
  config.mounts.push(
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...FLAGS, 'ro'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...FLAGS, 'ro'] },
  );
  config.linux.maskedPaths = ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/acpi', '/sys/firmware'];
  config.linux.readonlyPaths = ['/proc/sys', '/proc/sysrq-trigger'];
  change?.(config, shim);
  writeFileSync(documents[0], JSON.stringify(config));
  writeFileSync(documents[1], JSON.stringify(shim));
  plant?.(join(bundle.dir, 'upper'));
  return bundle;
}

/** What the script wrote. */
async function output(process, options) {
  const shim = new Shim(prepare(process, options));
  await shim.start();
  await shim.finish();
  return shim.logged('stdout');
}

/** The answer of a start that is to fail. */
async function refusal(process, options) {
  const shim = new Shim(prepare(process, options));
  const answer = await shim.control.ask('start');
  assert.ok(answer.error, 'it started');
  await shim.ended;
  return { ...answer.error, exitCode: answer.exitCode };
}

const user = (name) => (_, shim) => {
  shim.user = name;
};
const mounted = (more) => (config) => {
  config.mounts.push({ type: 'bind', options: ['rbind'], ...more });
};

describe('a container', { timeout: 60_000 }, () => {
  test('sees its own names, cgroup, devices and nothing else', async () => {
    const script = 'read name < /proc/sys/kernel/hostname; echo $name; cat /proc/self/cgroup; ls /dev';
    const lines = (await output(shell(script))).trimEnd().split('\n');
    assert.equal(lines[0], 'test');
    const devices = lines.slice(lines.indexOf('fd'));
    const cgroups = lines.slice(1, lines.indexOf('fd'));
    assert.ok(cgroups.length > 0 && cgroups.every((line) => line.endsWith(':/')), cgroups.join());
    assert.deepEqual(devices, 'fd full null ptmx pts random stderr stdin stdout tty urandom zero'.split(' '));
  });

  test('has three descriptors, no working directory outside, no signal blocked or ignored', async () => {
    // The fourth is the directory that ls reads.
    assert.match(await output(shell('ls /proc/self/fd; ls -l /proc/self/cwd')), /^0\n1\n2\n3\n.* -> \/\n$/);
    const text = await output({ ...shell(''), args: ['cat', '/proc/self/status'] });
    for (const set of ['SigBlk', 'SigIgn', 'CapInh', 'CapAmb']) assert.match(text, new RegExp(`${set}:\t0{16}\n`));
  });

  test('has no capability as another user, and the bounding set that was asked for', async () => {
    const text = await output(shell('id; cat /proc/self/status'), { change: user('1000:1000') });
    assert.match(text, /uid=1000 gid=1000 groups=1000\n/);
    for (const set of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb']) assert.match(text, new RegExp(`${set}:\t0{16}\n`));
    assert.match(text, /CapBnd:\t00000000000000eb\n/);
  });

  test('cannot write what is read-only, nor see what is masked', async () => {
    const script = [
      'echo 1 > /proc/sys/kernel/hostname && echo wrote hostname',
      'echo 1 > /sys/kernel/mm/transparent_hugepage/enabled && echo wrote sys',
      ': > /sys/fs/cgroup/x && echo wrote cgroup',
      ': > /x && echo wrote root',
      'cat /proc/keys /proc/timer_list; ls /proc/acpi /sys/firmware',
    ].join('; ');
    const change = (config) => {
      config.root.readonly = true;
    };
    assert.equal(
      (await output(shell(`(${script}) 2>/dev/null; echo end`), { change })).trimEnd().split('\n').at(-1),
      'end',
    );
    assert.doesNotMatch(await output(shell(`(${script}) 2>/dev/null`), { change }), /wrote/);
  });

  test('gets sysctls, devices, limits and a working directory', async () => {
    const script =
      'cat /proc/sys/net/ipv4/ip_forward; ls -l /dev/net/tun; ulimit -n; ls -l /proc/self/cwd; cat /proc/self/oom_score_adj';
    const text = await output(
      shell(script, {
        cwd: '/new/directory',
        rlimits: [{ type: 'RLIMIT_NOFILE', soft: 77, hard: 88 }],
        oomScoreAdj: 5,
      }),
      {
        change: (config, shim) => {
          config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
          config.linux.devices = [{ path: '/dev/net/tun', type: 'c', major: 10, minor: 200, fileMode: 0o600 }];
          shim.makeCwd = true;
        },
      },
    );
    assert.match(text, /^1\ncrw-------.* 10, 200 .*\n77\n.* -> \/new\/directory\n5\n$/);
  });
});

describe('an image that means harm', { timeout: 120_000 }, () => {
  for (const name of ['proc', 'sys', 'dev'])
    test(`with a link for /${name}`, async () => {
      const plant = (layer) => symlinkSync('../../../../../../etc', join(layer, name));
      const error = await refusal(shell('true'), { plant });
      assert.deepEqual([error.step, error.errno], ['mountpoint', 'ELOOP']);
    });

  test('with a link for /dev/null does not unmask anything', async () => {
    const plant = (layer) => {
      mkdirSync(join(layer, 'dev'));
      symlinkSync('/proc/sys/kernel/core_pattern', join(layer, 'dev/null'));
    };
    const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    const script = 'echo x > /proc/keys; cat /proc/keys; ls -l /dev/null; echo end';
    assert.match(await output(shell(`(${script}) 2>&1`), { plant }), /crw-rw-rw-.* 1, +3 .*\nend\n$/);
    assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), before);
  });

  test('with an /etc/passwd that never ends, or never begins', async () => {
    const etc = (plant) => (layer) => {
      mkdirSync(join(layer, 'etc'));
      plant(join(layer, 'etc/passwd'));
    };
    const fifo = etc((path) => execFileSync('mkfifo', [path]));
    assert.match((await refusal(shell('true'), { plant: fifo })).message, /\/etc\/passwd: not a regular file/);
    const device = etc((path) => execFileSync('mknod', [path, 'c', '1', '5']));
    assert.match((await refusal(shell('true'), { plant: device })).message, /\/etc\/passwd: not a regular file/);
    const large = etc((path) => {
      writeFileSync(path, '');
      truncateSync(path, 2 ** 31);
    });
    assert.equal((await refusal(shell('true'), { plant: large })).errno, 'EFBIG');
    const link = etc((path) => symlinkSync('../../../../../../../../etc/passwd', path));
    assert.ok((await refusal(shell('true'), { plant: link, change: user('daemon') })).message);
  });

  test('with a number for a name', async () => {
    const plant = (layer) => {
      mkdirSync(join(layer, 'etc'));
      writeFileSync(join(layer, 'etc/passwd'), '1000:x:0:0::/:/bin/sh\n');
    };
    assert.match(await output(shell('id'), { plant, change: user('1000') }), /^uid=1000 gid=0/);
    assert.match(await output(shell('id'), { plant, change: user(':7') }), /^uid=0.* gid=7/);
    for (const name of ['4294967296', '2147483648', '-1', '0x0', ':-1', 'nosuch', '0:nosuch']) {
      const error = await refusal(shell('id'), { plant, change: user(name) });
      assert.deepEqual([name, error.step, error.errno], [name, 'user', '']);
    }
  });

  test('with a working directory on a descriptor of the engine', async () => {
    for (let fd = 3; fd < 24; fd++) {
      const error = await refusal(shell('true', { cwd: `/proc/self/fd/${fd}` }));
      assert.equal(error.step, 'chdir');
      assert.match(error.errno, /^(ELOOP|ENOENT)$/, `descriptor ${fd}`);
    }
    const plant = (layer) => symlinkSync('/proc/self/fd/7', join(layer, 'work'));
    assert.equal((await refusal(shell('true', { cwd: '/work' }), { plant })).errno, 'ELOOP');
  });

  test('with links on the way to a mount point', async () => {
    const plant = (layer) => {
      symlinkSync('../../../../../../../..', join(layer, 'up'));
      symlinkSync('/proc', join(layer, 'link'));
    };
    const inside = mounted({ destination: '/up/td-test-mount/x', source: '/tmp' });
    assert.equal(await output(shell('ls -d /td-test-mount/x'), { plant, change: inside }), '/td-test-mount/x\n');
    assert.ok(!existsSync('/td-test-mount'));
    for (const destination of ['/proc/self/attr', '/proc/sys', '/link/sys', '/proc'])
      assert.equal(
        (await refusal(shell('true'), { plant, change: mounted({ destination, source: '/tmp' }) })).errno,
        'EPERM',
      );
  });
});

describe('sources of mounts', { timeout: 60_000 }, () => {
  const source = join(ground.dir, 'source');
  mkdirSync(join(source, 'a', 'b'), { recursive: true });
  writeFileSync(join(source, 'a', 'b', 'f'), 'hi\n');
  symlinkSync('/', join(source, 'out'));
  symlinkSync('a/b', join(source, 'in'));
  const part = (subpath) => mounted({ destination: '/m', source, options: ['rbind', `subpath=${subpath}`] });

  test('a part of one, looked up without leaving it', async () => {
    for (const [subpath, expected] of [
      ['a/b', 'f\n'],
      ['in', 'f\n'],
      ['out', 'a\nin\nout\n'],
      ['../../a', 'b\n'],
    ])
      assert.equal(await output(shell('ls /m'), { change: part(subpath) }), expected, subpath);
    assert.equal(await output(shell('cat /m'), { change: part('a/b/f') }), 'hi\n');
    const error = await refusal(shell('true'), { change: part('nosuch') });
    assert.equal(error.message, `mount "${source}" on "/m": subpath "nosuch"`);
  });

  test('layers without one of their own, beside the root', async () => {
    const empty = join(ground.dir, 'empty');
    mkdirSync(empty);
    const options = [`lowerdir=${source}:${empty}`, 'ro', 'nodev'];
    const whole = mounted({ destination: '/m', type: 'overlay', source: 'overlay', options });
    assert.equal(
      await output(shell('ls /m; touch /m/x 2>&1 | grep -c Read-only'), { change: whole }),
      'a\nin\nout\n1\n',
    );
    const some = mounted({ destination: '/m', type: 'overlay', source: 'overlay', options: [...options, 'subpath=a'] });
    assert.equal(await output(shell('ls /m'), { change: some }), 'b\n');
  });

  test('shown as another’s, by a map and without one', async () => {
    const owner = 'stat -c %u:%g /m';
    const maps = {
      uidMappings: [{ containerID: 0, hostID: 70, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: 80, size: 1 }],
    };
    const mapped = mounted({ destination: '/m', source, options: ['rbind', 'ridmap'], ...maps });
    assert.equal(await output(shell(owner), { change: mapped }), '70:80\n');
    const users = mounted({ destination: '/m', source, options: ['bind', 'idmap'] });
    const change = (config, shim) => {
      users(config, shim);
      user('5:6')(config, shim);
    };
    assert.equal(await output(shell(owner), { change }), '5:6\n');
    const half = mounted({ destination: '/m', source, options: ['idmap'], uidMappings: maps.uidMappings });
    assert.match((await refusal(shell('true'), { change: half })).message, /only one of uidMappings and gidMappings/);
    const none = mounted({ destination: '/m', source: '/proc', options: ['bind', 'idmap'] });
    assert.match(
      (await refusal(shell('true'), { change: none })).message,
      /"idmap": the file system does not support it/,
    );
  });
});

/** All that a start makes in the kernel; of others that run beside us nothing. */
function traces() {
  const ours = (line) => line.includes(ground.dir);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(ours);
  return { mounts, cgroups: ground.cgroups() };
}

describe('a start that fails', { timeout: 120_000 }, () => {
  test('at any step leaves nothing behind', async () => {
    const process = shell('true', { terminal: true });
    await output(process); // makes the parent of the cgroups
    const before = traces();
    let steps = 0;
    for (let done = false; !done; steps++) {
      const bundle = prepare(process);
      const shim = new Shim(bundle, [`TINYDOCKER_FAIL_STEP=${steps}`]);
      const answer = await shim.control.ask('start');
      done = answer.ok;
      if (done) {
        await shim.finish();
        continue;
      }
      assert.equal(answer.error.errno, 'EIO', `step ${steps}: ${JSON.stringify(answer.error)}`);
      assert.equal(answer.steps[steps].errno, 'EIO');
      assert.equal(answer.steps[steps].name, answer.error.step);
      await shim.ended;
      assert.deepEqual(traces(), before, `step ${steps}: ${answer.error.step} ${answer.error.message}`);
      assert.deepEqual(readdirSync(join(bundle.dir, 'rootfs')), []);
    }
    assert.ok(steps > 50, `${steps} steps`);
  });

  test('says what the user has to change', async () => {
    const cases = [
      [['nosuch'], 127, '"nosuch": executable file not found in $PATH', 'ENOENT'],
      [['/nosuch'], 127, '"/nosuch": stat /nosuch', 'ENOENT'],
      [['/etc'], 126, '"/etc": is a directory', 'EACCES'],
      [['/etc/passwd'], 126, '"/etc/passwd"', 'EACCES'],
    ];
    for (const [args, exitCode, message, errno] of cases)
      assert.deepEqual(await refusal({ ...shell(''), args }), { step: 'exec', message, errno, exitCode });
    const file = mounted({ destination: '/etc/passwd', source: '/tmp' });
    assert.equal((await refusal(shell('true'), { change: file })).errno, 'ENOTDIR');
    const none = mounted({ destination: '/x', source: '/no/such/directory' });
    const error = await refusal(shell('true'), { change: none });
    assert.equal(error.message, 'mount "/no/such/directory" on "/x"');
    assert.ok(statSync('/tmp').isDirectory());
  });
});
