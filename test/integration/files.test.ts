import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { Events } from '../helpers/events.js';
import { copyIn, copyOut, launchAfter, statOf } from '../helpers/files.js';
import { tar } from '../helpers/tar.js';
import { untar } from '../helpers/untar.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
const outside = mkdtempSync(join(tmpdir(), 'tdt-files-'));
chmodSync(outside, 0o755);
after(async () => {
  rmSync(outside, { recursive: true });
  await engine.close();
});

const DIR = 2 ** 31;
const LINK = 2 ** 27;

const SCRIPT = `
mkdir /w; echo hi >/w/f; chmod 4755 /w/f; ln /w/f /w/hard; ln -s f /w/l; ln -s /w /wl; ln -s /nope/x /broken
mkfifo /w/p; touch "/w/new
line"; mkdir -p /u/d; echo old >/u/f; ln -s /u /ul; touch -d '2001-02-03 04:05:06' /w /u/f`;

const tree = await launchAfter(engine, SCRIPT, {
  HostConfig: { Binds: [`${outside}:/data`, `${outside}:/ro:ro`], Tmpfs: { '/tm': '' } },
});
const stat = async (path: string, id = tree) => {
  const reply = await engine.api.call('HEAD', `/containers/${id}/archive`, { query: { path } });
  assert.equal(reply.status, 200);
  return statOf(reply);
};
const names = async (path: string, id = tree) => (await copyOut(engine, id, path)).map(({ name }) => name);

describe('looking at a path', () => {
  test('size, mode as Go has it, time, and where a link leads', async () => {
    assert.deepEqual(await stat('/w/f'), {
      ...(await stat('/w/f')),
      name: 'f',
      size: 3,
      mode: 2 ** 23 + 0o755,
      linkTarget: '',
    });
    const dir = await stat('/w');
    assert.equal(dir.name, 'w');
    assert.equal(dir.mode, DIR + 0o755);
    assert.equal(dir.mtime, '2001-02-03T04:05:06Z');
    assert.deepEqual(
      { ...(await stat('/w/l')), mtime: '' },
      { name: 'l', size: 1, mode: LINK + 0o777, mtime: '', linkTarget: '/w/f' },
    );
    assert.equal((await stat('/broken')).linkTarget, '/nope/x');
    assert.equal((await stat('/w/p')).mode, 2 ** 25 + 0o644);
  });

  test('a slash or a dot at the end follows a link; dots mean what they say; the root is the top', async () => {
    assert.equal((await stat('/wl')).mode, LINK + 0o777);
    assert.deepEqual([(await stat('/wl/')).name, (await stat('/wl/')).mode], ['wl', DIR + 0o755]);
    assert.equal((await stat('/wl/.')).name, '.');
    assert.equal((await stat('w/../w')).name, 'w');
    assert.equal((await stat('/')).name, '/');
    assert.equal((await stat('/../../..')).mode, DIR + 0o755);
  });

  test('what is not there, in Docker’s words', async () => {
    const get = (path?: string, id = tree) => engine.api.get(`/containers/${id}/archive`, { path });
    await refused(get('/nope'), 404, `Could not find the file /nope in container ${tree}`);
    await refused(get('/broken/'), 404, `Could not find the file /broken/ in container ${tree}`);
    await refused(get('/w/f/x'), 500, 'lstat /w/f/x: not a directory');
    await refused(get(), 400, 'bad parameter: pathcannot be empty');
    await refused(get('/', 'nosuch'), 404, 'No such container: nosuch');
    const head = await engine.api.call('HEAD', `/containers/${tree}/archive`, { query: { path: '/nope' } });
    assert.equal(head.status, 404);
  });
});

describe('copying out', () => {
  test('files of every kind, in order, a second name as a link to the first', async () => {
    const entries = await copyOut(engine, tree, '/w');
    assert.deepEqual(
      entries.map(({ name, type, link }) => [name, type, link]),
      [
        ['w/', '5', ''],
        ['w/f', '0', ''],
        ['w/hard', '1', 'w/f'],
        ['w/l', '2', 'f'],
        ['w/new\nline', '0', ''],
        ['w/p', '6', ''],
      ],
    );
    assert.equal(entries[0]!.mtime, Date.UTC(2001, 1, 3, 4, 5, 6) / 1000);
    assert.equal(entries[1]!.mode, 0o4755);
    assert.equal(entries[1]!.content.toString(), 'hi\n');
  });

  test('the names in the archive follow the path that was asked for', async () => {
    assert.equal((await names('/w/.'))[0], './');
    assert.equal((await names('/w/.'))[1], './f');
    assert.deepEqual(await names('/w/f'), ['f']);
    assert.deepEqual(await names('/wl'), ['wl']);
    assert.equal((await names('/wl/'))[1], 'wl/f');
    assert.deepEqual((await names('/')).slice(0, 3), ['/', '/.dockerenv', '/bin/']);
  });

  test('what the container sees: binds, tmpfs, the engine’s files; not what is the kernel’s', async () => {
    writeFileSync(join(outside, 'shown'), 'bind');
    await copyIn(engine, tree, '/tm', tar([{ name: 'in-memory', content: 'x' }]));
    assert.deepEqual(await names('/tm'), ['tm/', 'tm/in-memory']);
    assert.deepEqual(await names('/data'), ['data/', 'data/shown']);
    assert.match((await copyOut(engine, tree, '/etc/hosts'))[0]!.content.toString(), /localhost/);
    assert.deepEqual(await names('/proc'), ['proc/']);
    const all = await names('/');
    assert.ok(all.includes('/data/shown'));
    assert.ok(!all.some((name) => /^\/(proc|sys|dev)\/./.test(name)), 'nothing below /proc, /sys and /dev');
  });

  test('the same from a container that does not run, and from one that never has', async () => {
    const id = await engine.create({ HostConfig: { Binds: [`${outside}:/data/deep`] } });
    writeFileSync(join(outside, 'shown'), 'bind');
    assert.deepEqual(await names('/data', id), ['data/', 'data/deep/', 'data/deep/shown']);
    const done = await engine.launch({ Cmd: ['sh', '-c', 'echo kept >/kept; rm /etc/group'] });
    await engine.wait(done);
    assert.equal((await copyOut(engine, done, '/kept'))[0]!.content.toString(), 'kept\n');
    assert.ok(!(await names('/etc', done)).includes('etc/group'));
    // Looking has left nothing behind that the container would find.
    assert.deepEqual(await ok(engine.api.get(`/containers/${id}/changes`)), []);
  });

  test('long names, names beyond ASCII, and large numbers', async () => {
    const long = 'n'.repeat(200);
    const id = await launchAfter(
      engine,
      `mkdir -p /l/${long}/${long}; touch /l/ü /l/${long}/${long}/f; chown 3000000:4000000000 /l/ü`,
    );
    const entries = await copyOut(engine, id, '/l');
    assert.ok(entries.some(({ name }) => name === `l/${long}/${long}/f`));
    const owned = entries.find(({ name }) => name === 'l/ü');
    assert.deepEqual([owned?.uid, owned?.gid], [3_000_000, 4_000_000_000]);
  });

  test('a file that shrinks while it is read is as long as was said', async () => {
    const id = await launchAfter(
      engine,
      '(while :; do dd if=/dev/urandom of=/s bs=1M count=4 2>/dev/null; : >/s; done) & while [ ! -s /s ]; do :; done',
    );
    for (let i = 0; i < 20; i++) assert.deepEqual(await names('/s', id), ['s']);
  });

  test('one connection serves many archives, one after the other', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    for (let i = 0; i < 3; i++) {
      const body = await new Promise<Buffer>((resolve, reject) => {
        const path = `/containers/${tree}/archive?path=/w`;
        http
          .get({ socketPath: engine.api.socket, path, agent }, (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => resolve(Buffer.concat(chunks)));
          })
          .on('socket', (socket) => sockets.add(socket))
          .on('error', reject);
      });
      assert.equal(untar(body).length, 6);
    }
    agent.destroy();
    assert.equal(sockets.size, 1);
  });
});

describe('copying in', () => {
  test('owners, modes and times are those of the archive; compressed ones are read too', async () => {
    await ok(
      copyIn(
        engine,
        tree,
        '/tmp',
        gzipSync(
          tar([
            { name: 'in', type: '5' },
            { name: 'in/f', content: 'x', mode: 0o640 },
          ]),
        ),
      ),
    );
    const [, file] = await copyOut(engine, tree, '/tmp/in');
    assert.deepEqual([file?.content.toString(), file?.mode, file?.mtime], ['x', 0o640, 0]);
    const { stdout } = await engine.exec(tree, ['cat', '/tmp/in/f']);
    assert.equal(stdout, 'x');
  });

  test('into what is mounted: a bind, a tmpfs; a link to a directory is followed', async () => {
    await ok(copyIn(engine, tree, '/data', tar([{ name: 'sent', content: 'to the host' }])));
    assert.equal(readFileSync(join(outside, 'sent'), 'utf8'), 'to the host');
    await ok(copyIn(engine, tree, '/ul', tar([{ name: 'through', content: '1' }])));
    assert.equal((await stat('/u/through')).size, 1);
  });

  test('what cannot be written to, in Docker’s words', async () => {
    const some = tar([{ name: 'x', content: 'x' }]);
    const put = (path: string, id = tree) => copyIn(engine, id, path, some);
    await refused(put('/nope'), 404, `Could not find the file /nope in container ${tree}`);
    await refused(put('/w/f'), 400, 'extraction point is not a directory');
    await refused(put('/ro'), 400, 'mounted volume is marked read-only');
    await refused(put('/proc'), 400, "/proc holds files of the kernel's own");
    await refused(copyIn(engine, tree, '', some), 400, 'bad parameter: pathcannot be empty');
    for (const start of [true, false]) {
      const config = { Cmd: ['sleep', '600'], HostConfig: { ReadonlyRootfs: true, Binds: [`${outside}:/data`] } };
      const id = start ? await engine.launch(config) : await engine.create(config);
      await refused(put('/tmp', id), 400, 'container rootfs is marked read-only');
      await ok(put('/data', id));
    }
  });

  test('a directory and another file take each other’s place only where that is allowed', async () => {
    const keep = { noOverwriteDirNonDir: '1' };
    const file = tar([{ name: 'd', content: 'now a file' }]);
    const dir = tar([{ name: 'f', type: '5' }]);
    await refused(
      copyIn(engine, tree, '/u', file, keep),
      400,
      'cannot overwrite directory "d" with non-directory "/u"',
    );
    await refused(copyIn(engine, tree, '/u', dir, keep), 400, 'cannot overwrite non-directory "f" with directory "/u"');
    await ok(copyIn(engine, tree, '/u', file));
    await ok(copyIn(engine, tree, '/u', dir));
    assert.deepEqual([(await stat('/u/d')).mode, (await stat('/u/f')).mode], [0o644, DIR + 0o755]);
  });

  test('copyUIDGID gives all to the container’s user, by name or number', async () => {
    const owner = async (user: string) => {
      const id = await engine.create({ User: user });
      await ok(copyIn(engine, id, '/tmp', tar([{ name: 'f' }]), { copyUIDGID: '1' }));
      const [entry] = await copyOut(engine, id, '/tmp/f');
      return [entry?.uid, entry?.gid];
    };
    assert.deepEqual(await owner('1000:50'), [1000, 50]);
    assert.deepEqual(await owner(''), [0, 0]);
    const nobody = await engine.create({ User: 'stranger' });
    const message = 'failed to look up user "stranger" in container: no matching entries in passwd file';
    await refused(copyIn(engine, nobody, '/tmp', tar([{ name: 'f' }]), { copyUIDGID: '1' }), 400, message);
    await ok(copyIn(engine, nobody, '/tmp', tar([{ name: 'f' }])));
  });

  test('a container that does not run finds the files when it does', async () => {
    const id = await engine.create({
      Cmd: ['cat', '/etc/new', '/data/new'],
      HostConfig: { Binds: [`${outside}:/data`] },
    });
    await ok(copyIn(engine, id, '/etc', tar([{ name: 'new', content: 'root ' }])));
    await ok(copyIn(engine, id, '/data', tar([{ name: 'new', content: 'bind' }])));
    await engine.start(id);
    assert.equal(await engine.wait(id), 0);
    assert.equal((await engine.logs(id)).stdout, 'root bind');
    assert.equal(statSync(join(outside, 'new')).size, 4);
  });

  test('an empty body and an empty archive change nothing', async () => {
    await ok(engine.api.call('PUT', `/containers/${tree}/archive`, { query: { path: '/u' } }), 200);
    await ok(copyIn(engine, tree, '/u', Buffer.alloc(1024)), 200);
  });

  test('events tell of it, as dockerd’s do', async () => {
    const events = await Events.listen(engine.api, { container: [tree], type: ['container'] });
    await copyOut(engine, tree, '/w');
    await ok(copyIn(engine, tree, '/tmp', tar([{ name: 'e' }])));
    await events.count('extract-to-dir');
    assert.deepEqual(events.actions(), ['archive-path', 'extract-to-dir']);
    events.leave();
  });
});

describe('the whole root', () => {
  test('is exported with empty directories where something is mounted, running or not', async () => {
    const export_ = async () => {
      const reply = await engine.api.get(`/containers/${tree}/export`);
      assert.equal(reply.status, 200);
      assert.equal(reply.headers['content-type'], 'application/octet-stream');
      return untar(reply.body);
    };
    writeFileSync(join(outside, 'shown'), 'bind');
    const running = await export_();
    const all = new Map(running.map((entry) => [entry.name, entry]));
    for (const name of ['data/', 'ro/', 'tm/', 'proc/', 'sys/', 'dev/']) assert.equal(all.get(name)?.type, '5', name);
    assert.ok(!running.some(({ name }) => /^(data|tm|proc|sys|dev)\/./.test(name)));
    assert.equal(all.get('etc/hosts')?.content.length, 0);
    assert.equal(all.get('w/f')?.content.toString(), 'hi\n');
    assert.equal(all.get('w/hard')?.link, 'w/f');
    assert.equal(running[0]?.name, '.dockerenv');
    await ok(engine.api.post(`/containers/${tree}/stop`, undefined, { t: 0 }), 204);
    const stopped = await export_();
    await engine.start(tree);
    await until('the script', async () => (await engine.logs(tree)).stdout.split('ready').length === 3);
    assert.deepEqual(
      stopped.map(({ name }) => name),
      running.map(({ name }) => name),
    );
    await refused(engine.api.get('/containers/nosuch/export'), 404, 'No such container: nosuch');
  });
});

describe('what has changed', () => {
  const changes = async (script: string, config: Record<string, unknown> = {}) => {
    const id = await launchAfter(engine, script, config);
    const list = await ok<{ Path: string; Kind: number }[]>(engine.api.get(`/containers/${id}/changes`), 200);
    return list.map(({ Path, Kind }) => `${'CAD'[Kind]} ${Path}`);
  };

  test('files added, changed and deleted, with the directories above them', async () => {
    assert.deepEqual(await changes('rm /bin/wget; mkdir -p /w/d; echo x >>/etc/passwd; touch /w/d/f'), [
      'C /bin',
      'D /bin/wget',
      'C /etc',
      'C /etc/passwd',
      'A /w',
      'A /w/d',
      'A /w/d/f',
    ]);
  });

  test('directories made anew, replaced and moved', async () => {
    const script =
      'rm -rf /usr; mkdir /usr; rm -rf /root; ln -s /tmp /root; mv /var/www /var/moved; rm /bin/vi; mkdir /bin/vi';
    assert.deepEqual(await changes(script), [
      'C /bin',
      'C /bin/vi',
      'C /root',
      'C /usr',
      'D /usr/bin',
      'D /usr/sbin',
      'C /var',
      'A /var/moved',
      'D /var/www',
    ]);
  });

  test('what the user has mounted leaves its mount point, what the engine mounts leaves nothing', async () => {
    const config = { HostConfig: { Init: true, Tmpfs: { '/tm/deep': '' }, Binds: [`${outside}:/data`] } };
    assert.deepEqual(await changes('echo x >/etc/hosts; echo y >/data/y', config), ['A /data', 'A /tm', 'A /tm/deep']);
    assert.deepEqual(await changes(':'), []);
  });
});
