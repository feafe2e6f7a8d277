import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { refused } from '../helpers/api.js';
import { openHostile } from '../helpers/hostile-image.js';
import type { TarEntry } from '../helpers/tar.js';
import { rounds } from '../helpers/watch.js';

/* Attacks on the moments in which the root is put together: links where the engine mounts, and races for such places. */

const { engine, host, images } = await openHostile();

const up = '../'.repeat(20);
const start = (id: string) => engine.api.post(`/containers/${id}/start`);

/** Runs a command in an image; gives its output, or the sentence of the refusal. The host is as before. */
async function attempt(image: string, cmd: string[], config: Record<string, unknown> = {}): Promise<string> {
  const id = await engine.create({ Image: image, Cmd: cmd, ...config });
  try {
    const reply = await start(id);
    if (reply.status !== 204) {
      assert.ok(reply.status === 400 || reply.status === 500, reply.text);
      return reply.message;
    }
    await engine.wait(id);
    const { stdout, stderr } = await engine.logs(id);
    return stdout + stderr;
  } finally {
    await engine.remove(id);
    host.assertUnchanged();
  }
}

describe('links of an image where the engine mounts', () => {
  const targets = ['/tmp/x', `${up}etc`, host.directory, '/proc', '/'];

  for (const name of ['proc', 'sys'] as const) {
    test(`/${name} is a link: refused (CVE-2023-27561, CVE-2023-28642, CVE-2025-54867)`, async () => {
      for (const link of targets) {
        const image = await images.make([
          { name, type: '2', link },
          { name: 'tmp/x', type: '5' },
        ]);
        assert.match(await attempt(image, ['true']), new RegExp(`mount "\\w+" on "/${name}": too many symbolic links`));
      }
    });
  }

  test('/dev is a link: refused, and no device is made elsewhere (CVE-2026-41579, CVE-2026-47766)', async () => {
    for (const link of targets) {
      const image = await images.make([
        { name: 'dev', type: '2', link },
        { name: 'tmp/x', type: '5' },
      ]);
      assert.match(await attempt(image, ['true'], { Tty: true }), /mount "tmpfs" on "\/dev": too many symbolic links/);
    }
  });

  test('/proc, /sys and /dev are files', async () => {
    for (const name of ['proc', 'sys', 'dev']) {
      const image = await images.make([{ name, content: 'x' }]);
      assert.match(await attempt(image, ['true']), new RegExp(`on "/${name}": not a directory`));
    }
  });

  test('/dev/null of the image leads to core_pattern: what is masked stays masked (CVE-2025-31133)', async () => {
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    for (const link of ['/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', `${up}proc/sys/kernel/core_pattern`]) {
      const image = await images.make([
        { name: 'dev', type: '5' },
        { name: 'dev/null', type: '2', link },
      ]);
      const script = 'head -c 8 /proc/kcore; echo "|/evil" >/proc/kcore; echo "|/evil" >/proc/sys/kernel/core_pattern';
      assert.match(
        await attempt(image, ['sh', '-c', script]),
        /can't create \/proc\/sys\/kernel\/core_pattern: Read-only/,
      );
      assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), pattern);
    }
  });

  test('the same by a volume on /dev, whose /dev/null leads elsewhere', async () => {
    const HostConfig = { Binds: ['trapped-dev:/dev'] };
    const links = 'rm -f /d/null; ln -s /proc/sys/kernel/core_pattern /d/null; ln -s /proc/sysrq-trigger /d/console';
    await engine.run(['sh', '-c', links], { HostConfig: { Binds: ['trapped-dev:/d'] } });
    for (const Tty of [false, true]) {
      const id = await engine.create({ Cmd: ['sh', '-c', 'head -c 8 /proc/kcore'], Tty, HostConfig });
      const reply = await start(id);
      if (reply.status === 204) await engine.wait(id);
      assert.ok([204, 400, 500].includes(reply.status), reply.text);
      assert.equal((await engine.logs(id, { stdout: 1 })).stdout, '');
      await engine.remove(id);
      host.assertUnchanged();
    }
  });

  test('/etc is a link: the engine’s files stay inside (CVE-2024-5154, CVE-2024-9341)', async () => {
    for (const link of ['/host/x', host.directory, `${up}${host.directory.slice(1)}`, `${up}etc`]) {
      const image = await images.make([{ name: 'etc', type: '2', link }]);
      const output = await attempt(image, ['sh', '-c', 'ls /etc/; cat /etc/hosts']);
      assert.ok(!output.includes('secret'), output);
      assert.match(output, /^127\.0\.0\.1\s+localhost$|(no such file or|not a) directory|too many symbolic links/m);
    }
  });

  test('/etc, and the files in it, lead into procfs: nothing of it is covered (CVE-2019-16884)', async () => {
    for (const link of ['/proc', '/proc/self', '/proc/sys/kernel', '/sys/kernel']) {
      const image = await images.make([{ name: 'etc', type: '2', link }]);
      assert.match(await attempt(image, ['true']), /on "\/etc\/(resolv.conf|hostname|hosts)": /);
    }
    for (const file of ['hosts', 'hostname', 'resolv.conf']) {
      for (const link of ['/proc/self/attr/exec', '/proc/sys/kernel/core_pattern', '/proc/1/environ']) {
        // Where /etc is not like the engine's own, the image's files are what is mounted on; else there are others above.
        for (const mode of [0o755, 0o750]) {
          const image = await images.make([
            { name: 'etc', type: '5', mode },
            { name: `etc/${file}`, type: '2', link },
          ]);
          const output = await attempt(image, ['readlink', '-f', `/etc/${file}`]);
          assert.match(output, mode === 0o755 ? new RegExp(`^/etc/${file}$`, 'm') : /in the place of procfs/);
        }
      }
    }
  });

  test('/etc/mtab and /.dockerenv lead out: nothing is written through them', async () => {
    const links: TarEntry[] = ['etc/mtab', '.dockerenv'].map((name) => ({
      name,
      type: '2',
      link: `${host.directory}/made`,
    }));
    const image = await images.make(links);
    await attempt(image, ['true']);
    assert.equal(existsSync(`${host.directory}/made`), false);
  });
});

describe('mounts over /proc (CVE-2025-52881, CVE-2019-19921, CVE-2019-16884, CVE-2015-3631)', () => {
  const places = [
    '/proc',
    '/proc/self',
    '/proc/1',
    '/proc/sys',
    '/proc/self/attr',
    '/proc/sys/kernel',
    '/proc/./1/attr',
  ];
  const kinds: [string, (path: string) => Record<string, unknown>][] = [
    ['a volume', (path) => ({ Binds: [`over-proc:${path}`] })],
    ['a tmpfs', (path) => ({ Tmpfs: { [path]: '' } })],
    ['a directory of the host', (path) => ({ Binds: [`${host.directory}:${path}:ro`] })],
  ];
  for (const [what, config] of kinds) {
    test(`${what} is refused`, async () => {
      for (const path of places) {
        // With the host's network there is no sysctl to be written, whose refusal could hide that nothing else refuses.
        const id = await engine.create({ Cmd: ['true'], HostConfig: { NetworkMode: 'host', ...config(path) } });
        await refused(
          start(id),
          500,
          /on "\/proc.*": (it would stand in the place of procfs|no such file|not a directory)/,
        );
        await engine.remove(id);
      }
      host.assertUnchanged();
    });
  }

  test('also where a link of the image leads there, or the image asks for it', async () => {
    const image = await images.make([{ name: 'x', type: '2', link: '/proc' }]);
    for (const path of ['/x', '/x/sys', '/x/self/attr', '/x/sysrq-trigger'])
      assert.match(
        await attempt(image, ['true'], { HostConfig: { Binds: [`over-proc:${path}`] } }),
        /in the place of procfs|no such file/,
      );
    for (const path of ['/proc', '/proc/sys']) {
      const asking = await images.make([], { Volumes: { [path]: {} } });
      assert.match(
        await attempt(asking, ['true'], { HostConfig: { NetworkMode: 'host' } }),
        /in the place of procfs|no such file/,
      );
    }
  });
});

describe('races in a volume that two containers share', () => {
  const swap = (link: string) =>
    `cd /v; mkdir -p d/p; ln -sfn ${link} l; while :; do mv d t; mv l d; mv t l; mv d t; mv l d; mv t l; done`;

  for (const [what, target] of [
    ['the root of the host', '/'],
    ['a directory of the host', host.directory],
    ['procfs', '/proc/self'],
  ] as const) {
    test(`a mount point exchanged for a link to ${what} (CVE-2021-30465, CVE-2024-45310)`, async () => {
      const racer = await engine.launch({ Cmd: ['sh', '-c', swap(target)], HostConfig: { Binds: ['raced:/v'] } });
      for (let round = 0; round < rounds(40); round++) {
        const Binds = ['raced:/v', `one:/v/d/made-${round}`, `two:/v/d/p/deeper/${round}`];
        const HostConfig = { Binds, Tmpfs: { '/v/d/attr': '' } };
        const id = await engine.create({ Cmd: ['true'], HostConfig, WorkingDir: `/v/d/cwd-${round}` });
        await start(id); // it may fail: what counts is where nothing is mounted or made
        await engine.remove(id);
      }
      await engine.remove(racer);
      host.assertUnchanged();
    });
  }

  test('/dev/pts of a terminal exchanged for a link (CVE-2025-52565)', async () => {
    const script = `cd /v; mkdir -p pts; ln -sfn ${host.directory} l; while :; do mv pts t; mv l pts; mv t l; mv pts t; mv l pts; mv t l; done`;
    const racer = await engine.launch({ Cmd: ['sh', '-c', script], HostConfig: { Binds: ['raced-dev:/v'] } });
    for (let round = 0; round < rounds(40); round++) {
      const HostConfig = { Binds: ['raced-dev:/dev'] };
      const id = await engine.create({ Cmd: ['sh', '-c', 'test -c /dev/console && tty'], Tty: true, HostConfig });
      const reply = await start(id);
      if (reply.status === 204) {
        await engine.wait(id);
        assert.match(
          (await engine.api.get(`/containers/${id}/logs`, { stdout: 1 })).text,
          /^(\/dev\/(pts\/0|console)\r\n|not a tty\r\n)?$/,
        );
      }
      await engine.remove(id);
    }
    await engine.remove(racer);
    host.assertUnchanged();
  });

  test('a terminal’s console is the pty itself (CVE-2025-52565)', async () => {
    const image = await images.make([
      { name: 'dev', type: '5' },
      { name: 'dev/console', type: '2', link: '/proc/sys/kernel/core_pattern' },
      { name: 'dev/ptmx', type: '2', link: '/proc/sysrq-trigger' },
      { name: 'dev/pts/0', type: '2', link: '/proc/kcore' },
    ]);
    const id = await engine.launch({ Image: image, Cmd: ['sleep', '600'], Tty: true });
    const { Pid } = (await engine.inspect(id)).State;
    const console = statSync(`/proc/${Pid}/root/dev/console`);
    assert.ok(console.isCharacterDevice());
    assert.equal(console.rdev >> 8, 136, 'a slave of devpts');
    await engine.remove(id);
    host.assertUnchanged();
  });

  test('a volume on /dev/pts gives no terminal of somebody else’s', async () => {
    const id = await engine.create({ Cmd: ['true'], Tty: true, HostConfig: { Binds: ['not-pts:/dev/pts'] } });
    await refused(start(id), 500, /open a terminal: /);
    await engine.remove(id);
    host.assertUnchanged();
  });
});

test('what tells of the host is masked, what changes it is read-only, the newer paths included (CVE-2017-16539, CVE-2018-10892, GHSA-6fw5-f8r9-fgfm)', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const { MaskedPaths, ReadonlyPaths } = (await engine.inspect(id)).HostConfig as Record<string, string[]>;
  const docker = [
    ...['/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats'],
    ...['/proc/sched_debug', '/proc/scsi', '/proc/timer_list', '/proc/timer_stats', '/sys/devices/virtual/powercap'],
    '/sys/firmware',
  ];
  for (const path of docker) assert.ok(MaskedPaths!.includes(path), path);
  for (const cpu of readdirSync('/sys/devices/system/cpu').filter((name) => /^cpu\d+$/.test(name))) {
    const path = `/sys/devices/system/cpu/${cpu}/thermal_throttle`;
    if (existsSync(path)) assert.ok(MaskedPaths!.includes(path), path);
  }
  for (const path of ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'])
    assert.ok(ReadonlyPaths!.includes(path), path);
  const masked = MaskedPaths!.filter((path) => existsSync(path));
  const { stdout } = await engine.exec(id, [
    'sh',
    '-c',
    `for p in ${masked.join(' ')}; do ls -A $p/ 2>/dev/null || head -c 1 $p; done`,
  ]);
  assert.equal(stdout, '');
  const attempts = ReadonlyPaths!
    .filter((path) => existsSync(path))
    .map((path) => `touch ${path}/x || echo x >${path}`);
  const written = await engine.exec(id, [
    'sh',
    '-c',
    attempts.map((line) => `{ ${line}; } && echo written`).join('\n'),
  ]);
  assert.equal(written.stdout, '');
});
