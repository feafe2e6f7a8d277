import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openHostile } from '../helpers/hostile-image.js';
import type { TarEntry } from '../helpers/tar.js';
import { within } from '../helpers/until.js';

/* Who a container's process is: what a request or an image says about users, and never root by a mistake of reading. */

const { engine, host, images } = await openHostile();

const WHO = ['sh', '-c', 'id -u; id -g; id -G; grep -E "^Cap(Eff|Inh|Amb)" /proc/self/status'];

/** The ids that a process has, at a start and at an exec, or the sentence of the refusal. Both must be the same. */
async function who(User: string, image = engine.image): Promise<string> {
  const id = await engine.create({ Image: image, Cmd: ['sh', '-c', 'id -u; id -g'], User });
  const reply = await within('an answer', engine.api.post(`/containers/${id}/start`), 2000);
  let started = '';
  if (reply.status === 204) {
    await engine.wait(id);
    started = (await engine.logs(id)).stdout.trim().replace('\n', ':');
  } else {
    assert.ok(reply.status === 400 || reply.status === 500, reply.text);
  }
  await engine.remove(id);
  const running = await engine.launch({ Image: image, Cmd: ['sleep', '600'], User: '0' }).catch(() => undefined);
  if (running !== undefined) {
    const exec = await engine.createExec(running, ['sh', '-c', 'id -u; id -g'], { User });
    const stream = await within('an answer', engine.startExec(exec), 2000);
    const { stdout } = await stream.finished();
    const said = stdout.trim();
    if (started === '') assert.match(said, /^exec failed: user: /);
    else assert.equal(said.replace('\n', ':'), started, `exec -u ${JSON.stringify(User)}`);
    await engine.remove(running);
  }
  return started || reply.message;
}

describe('numbers (CVE-2024-40635, CVE-2016-3697, CVE-2026-46680, CVE-2026-30892)', () => {
  test('what is no id of a process is refused and never root', async () => {
    for (const User of [
      '4294967296',
      '4294967295',
      '2147483648',
      '18446744073709551616',
      '0:4294967296',
      '1:2147483648',
      '99999999999999999999999',
    ])
      assert.match(await who(User), /: uids and gids must be in range 0-2147483647$/);
    for (const User of ['-1', '0x0', '+0', ' 0', '0 ', '1e0', '0.0', '٠', 'root\n', '-0'])
      assert.match(await who(User), /: unable to find user .*: no matching entries in passwd file$/s);
    for (const User of ['0:-1', '0:0x0', '0: 0', '0:root\n', '0:0:0'])
      assert.match(await who(User), /: unable to find group .*: no matching entries in group file$/s);
  });

  test('what is one is that very one', async () => {
    assert.equal(await who('2147483647:2147483647'), '2147483647:2147483647');
    assert.equal(await who('00001000:0'), '1000:0');
    assert.equal(await who(':0'), '0:0');
    assert.equal(await who('65534'), '65534:65534');
  });

  test('a number is a number, also where the image has a user of that name', async () => {
    const image = await images.make([
      { name: 'etc/passwd', content: '1000:x:0:0::/:/bin/sh\n4294967296:x:0:0::/:/bin/sh\n-1:x:7:7::/:/bin/sh\n' },
      { name: 'etc/group', content: '1000:x:0:\n' },
    ]);
    assert.equal(await who('1000', image), '1000:0');
    assert.equal(await who('1000:1000', image), '1000:1000');
    assert.match(await who('4294967296', image), /must be in range/);
    assert.equal(await who('-1', image), '7:7');
  });

  test('lines of passwd that are none make nobody root', async () => {
    const lines = [
      ...[
        'a:x:4294967296:0::/:',
        'b:x:-1:0::/:',
        'c:x:0x0:0::/:',
        'd:x::0::/:',
        'e:x:1000',
        'f',
        ':x:0:0::/:',
        'g:x:0 :0::/:',
      ],
      ...['h:x:0', '\u0000i:x:0:0::/:', 'j\r:x:0:0::/:', 'k:x:1:4294967296::/:'],
    ];
    const image = await images.make([{ name: 'etc/passwd', content: `${lines.join('\n')}\n` }]);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'])
      assert.match(await who(name, image), /unable to find user/, name);
  });
});

describe('files of users that nobody would write (CVE-2026-47262, CVE-2025-4437, CVE-2024-9676)', () => {
  const start = async (entries: TarEntry[], User: string, script?: string) => {
    const image = await images.make(entries);
    const id = await engine.create({ Image: image, Cmd: ['sh', '-c', script ?? 'id -u'], User });
    const begun = performance.now();
    const reply = await within('an answer', engine.api.post(`/containers/${id}/start`), 5000);
    const took = performance.now() - begun;
    if (reply.status === 204) await engine.wait(id);
    const { stdout } = await engine.logs(id);
    await engine.remove(id);
    host.assertUnchanged();
    return { message: reply.status === 204 ? '' : reply.message, stdout, took };
  };

  for (const file of ['passwd', 'group']) {
    test(`/etc/${file} is a FIFO, a directory, a device: refused`, async () => {
      for (const type of ['6', '5', '3']) {
        const { message } = await start([{ name: `etc/${file}`, type, device: [1, 5] }], '1000');
        assert.match(message, new RegExp(`read /etc/${file}: not a regular file`));
      }
    });

    test(`/etc/${file} is a link to a device, to another process, out of the root: nothing of the host is read`, async () => {
      for (const link of [
        '/dev/zero',
        '/dev/stdin',
        '/proc/self/fd/0',
        '/proc/1/root/etc/shadow',
        '/proc/kmsg',
        '../../../../etc/shadow',
        '/proc/self/environ',
      ]) {
        const { message, stdout } = await start([{ name: `etc/${file}`, type: '2', link }], '1000');
        assert.ok(message !== '' || stdout === '1000\n', `${link}: ${stdout}`);
        assert.ok(!message.includes('root:'), message);
      }
    });
  }

  test('/etc/passwd has two gigabytes: refused without being read', async () => {
    // In the container’s own layer, where a hole costs nothing.
    const id = await engine.create({ Cmd: ['truncate', '-s', '2G', '/etc/passwd'], User: '0' });
    await engine.start(id);
    await engine.wait(id);
    const reply = await within('an answer', engine.api.post(`/containers/${id}/start`), 5000);
    assert.match(reply.message, /read \/etc\/passwd: .*too large/i);
    await engine.remove(id);
  });

  test('a passwd and a group of a hundred thousand lines are read in a moment', async () => {
    const lines = (entry: (i: number) => string) => Array.from({ length: 100_000 }, (_, i) => entry(i)).join('\n');
    const { stdout, message } = await start(
      [
        { name: 'etc/passwd', content: lines((i) => `u${i}:x:${i}:${i}::/:`) },
        { name: 'etc/group', content: lines((i) => `g${i}:x:${i + 1}:u99999`) },
      ],
      'u99998:g7',
      'id -u; id -g',
    );
    assert.deepEqual([message, stdout], ['', '99998\n8\n']);
  });
});

describe('groups and capabilities', () => {
  test('the groups are those that were asked for and no others (CVE-2022-36109, CVE-2022-2989, CVE-2022-2990, CVE-2022-2995, CVE-2023-25173)', async () => {
    const image = await images.make([
      { name: 'etc/passwd', content: 'root:x:0:0::/:\nuser:x:1000:1000::/:\n' },
      {
        name: 'etc/group',
        content: 'root:x:0:\nmany:x:50:user,other\nmore:x:60:other\nprimary:x:1000:\nsecret:x:70:\n',
      },
      { name: 'kept', mode: 0o604, content: 'for all but its group' },
    ]);
    const groups = async (config: Record<string, unknown>) =>
      (await engine.run(['sh', '-c', 'id -G'], { Image: image, ...config })).stdout.trim();
    assert.equal(await groups({ User: 'user' }), '1000 50');
    assert.equal(await groups({ User: 'user:more' }), '60');
    assert.equal(await groups({ User: '1000' }), '1000 50');
    assert.equal(await groups({ User: '2000' }), '0');
    assert.equal(await groups({ User: '2000:2000' }), '2000');
    assert.equal(await groups({ User: 'user', HostConfig: { GroupAdd: ['70', 'more'] } }), '1000 50 60 70');
    // A primary group counts like any other: the file of root's group cannot be had by dropping it.
    const { exitCode } = await engine.run(['cat', '/kept'], { Image: image, User: '2000:0' });
    assert.notEqual(exitCode, 0);
  });

  test('inheritable and ambient sets are empty, at a start, an exec and a health check, privileged or not (CVE-2022-29162, CVE-2022-27649, CVE-2022-24769)', async () => {
    const empty = /^CapInh:\t0{16}$[\s\S]*^CapAmb:\t0{16}$/m;
    const status = ['sh', '-c', 'cat /proc/self/status'];
    for (const config of [
      {},
      { User: '1000' },
      { HostConfig: { Privileged: true } },
      { HostConfig: { CapAdd: ['ALL'] } },
    ])
      assert.match((await engine.run(status, config)).stdout, empty);
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    for (const config of [{}, { User: '1000' }, { Privileged: true }, { Privileged: true, User: '1000' }])
      assert.match((await engine.exec(id, status, config)).stdout, empty);
  });

  test('a user who is not root has no capability (CVE-2016-8867)', async () => {
    const { stdout } = await engine.run(WHO, { User: '1000:1000' });
    assert.equal(
      stdout,
      '1000\n1000\n1000\nCapInh:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n',
    );
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    assert.equal((await engine.exec(id, WHO, { User: '1000:1000' })).stdout, stdout);
  });
});
