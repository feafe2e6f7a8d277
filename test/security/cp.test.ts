import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { copyIn, copyOut, launchAfter } from '../helpers/files.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { dockerArchive, type TarEntry, tar } from '../helpers/tar.js';
import { rounds } from '../helpers/watch.js';

/* Attacks on copying between host and containers: what a container holds, what a client sends, what races with both. */

const engine = await Engine.open();
const images = new ImageLoader(engine.api);
/** A directory of the host whose path means nothing in a container; the secret in it must never come out, and nothing must come in. */
const host = mkdtempSync(join(tmpdir(), 'tdt-host-'));
const SECRET = `secret of the host ${host}`;
writeFileSync(join(host, 'secret'), SECRET);
after(async () => {
  rmSync(host, { recursive: true });
  await images.removeAll();
  await engine.close();
});
const untouched = () => {
  assert.deepEqual(readdirSync(host), ['secret']);
  assert.equal(readFileSync(join(host, 'secret'), 'utf8'), SECRET);
};

const get = (id: string, path: string) => engine.api.get(`/containers/${id}/archive`, { path });

describe('a container that swaps a directory for a link while it is copied (CVE-2018-15664)', () => {
  const swapping = (target: string) =>
    launchAfter(
      engine,
      `mkdir -p /r/d; echo inside >/r/d/secret; ln -s ${target} /r/l
       (while :; do mv /r/d /r/x; mv /r/l /r/d; mv /r/d /r/l; mv /r/x /r/d; done) &`,
    );

  test('copying out never gives a file of the host', async () => {
    const id = await swapping(host);
    let seen = 0;
    for (let i = 0; i < rounds(300); i++) {
      const reply = await get(id, '/r/d/secret');
      assert.ok(!reply.text.includes('secret of the host'));
      if (reply.status === 200) seen += 1;
    }
    assert.ok(seen > 0, 'the file was found now and then');
    await engine.remove(id);
  });

  test('copying in never makes a file on the host', async () => {
    const id = await swapping(host);
    for (let i = 0; i < rounds(300); i++)
      await copyIn(engine, id, '/r/d', tar([{ name: `n${i % 7}`, content: 'evil' }]));
    untouched();
    await engine.remove(id);
  });

  test('the names within an archive lead nowhere else either', async () => {
    const id = await swapping(host);
    for (let i = 0; i < rounds(300); i++) await copyIn(engine, id, '/r', tar([{ name: 'd/secret', content: 'evil' }]));
    untouched();
    await engine.remove(id);
  });
});

describe('links', () => {
  test('absolute ones, and those with .., end in the container', async () => {
    const up = '../'.repeat(30);
    const id = await launchAfter(
      engine,
      `ln -s ${host}/secret /abs; ln -s ${up}${host.slice(1)}/secret /rel; ln -s ${host} /dir; ln -s ${up} /top`,
    );
    for (const path of [
      '/abs/',
      '/dir/secret',
      `/top${host}/secret`,
      `${up}${host}/secret`,
      `/etc/${up}${host}/secret`,
    ]) {
      const reply = await get(id, path);
      assert.equal(reply.status, 404, `${path}: ${reply.text}`);
    }
    assert.equal((await copyOut(engine, id, '/abs'))[0]?.type, '2');
    await refused(copyIn(engine, id, '/dir', tar([{ name: 'x' }])), 404, /^Could not find the file \/dir in/);
    untouched();
  });

  test('magic links of /proc lead to no process', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { PidMode: 'host' } });
    const pid = engine.daemon?.pid ?? 1;
    for (const link of [
      'self/root',
      'self/cwd',
      `${pid}/root`,
      `${pid}/cwd`,
      'self/fd/0',
      '1/root',
      'thread-self/root',
    ]) {
      for (const path of [`/proc/${link}/etc/hostname`, `/proc/${link}/`, `/proc/${link}${host}/secret`]) {
        const reply = await get(id, path);
        assert.ok(reply.status >= 400, `${path}: ${reply.status}`);
      }
      const put = await copyIn(engine, id, `/proc/${link}`, tar([{ name: 'x' }]));
      assert.ok(put.status >= 400, `${link}: ${put.status}`);
    }
    untouched();
  });

  test('loops of links end', async () => {
    const id = await launchAfter(engine, 'ln -s /a /b; ln -s /b /a');
    await refused(get(id, '/a/x'), 500, 'lstat /a/x: too many levels of symbolic links');
    await refused(get(id, '/a'), 500, 'lstat /a: too many levels of symbolic links');
  });
});

describe('what must not be read', () => {
  test('devices, FIFOs and sockets are headers; nothing waits for them', async () => {
    const sockets = mkdtempSync(join(tmpdir(), 'tdt-socket-'));
    const server = net.createServer(() => assert.fail('nobody connects'));
    await new Promise<void>((resolve) => server.listen(join(sockets, 's'), resolve));
    try {
      const HostConfig = { CapAdd: ['MKNOD'], Binds: [`${sockets}:/s`] };
      const id = await launchAfter(engine, 'mkdir /n; mkfifo /n/fifo; mknod /n/zero c 1 5', { HostConfig });
      const kinds = async (path: string) =>
        (await copyOut(engine, id, path)).map(({ name, type, content }) => [name, type, content.length]);
      assert.deepEqual(await kinds('/n'), [
        ['n/', '5', 0],
        ['n/fifo', '6', 0],
        ['n/zero', '3', 0],
      ]);
      assert.deepEqual(await kinds('/n/fifo'), [['fifo', '6', 0]]);
      assert.deepEqual(await kinds('/dev/zero'), [['zero', '3', 0]]);
      assert.deepEqual(await kinds('/s'), [['s/', '5', 0]]);
      assert.deepEqual(await kinds('/s/s'), []);
    } finally {
      server.close();
      rmSync(sockets, { recursive: true });
    }
  });

  test('a FIFO, or what is larger than memory, in the place of /etc/passwd is nobody’s entry', async () => {
    for (const script of ['mkfifo /etc/passwd', 'truncate -s 2T /etc/passwd', 'ln -s /dev/zero /etc/passwd']) {
      const id = await launchAfter(engine, `rm /etc/passwd; ${script}`, { User: '1000' });
      const reply = await copyIn(engine, id, '/tmp', tar([{ name: 'x' }]), { copyUIDGID: '1' });
      assert.equal(reply.status, 200, reply.text);
    }
  });
});

describe('programs and libraries of the container (CVE-2026-41567, CVE-2019-14271)', () => {
  test('none of them is run or loaded to read an archive', async () => {
    const trap = '#!/bin/sh\\ntouch /trapped\\n';
    const tools = ['xz', 'gzip', 'gunzip', 'unpigz', 'pigz', 'zstd', 'bzip2', 'tar', 'unxz'];
    const id = await launchAfter(
      engine,
      `for t in ${tools.join(' ')}; do mkdir -p /usr/local/bin; printf '${trap}' >/usr/local/bin/$t; chmod 755 /usr/local/bin/$t
       rm -f /bin/$t; cp /usr/local/bin/$t /bin/$t; done
       mkdir -p /lib; for l in libnss_files.so.2 libc.so.6 libarchive.so.13; do echo trap >/lib/$l; done; rm -f /trapped`,
    );
    const plain = tar([{ name: 'unpacked', content: 'x' }]);
    const packed = [
      gzipSync(plain),
      ...['xz', 'bzip2', 'zstd'].map((tool) =>
        execFileSync(tool, ['-c'], { input: plain, stdio: ['pipe', 'pipe', 'ignore'] }),
      ),
    ];
    for (const body of packed) await ok(copyIn(engine, id, '/tmp', body));
    await copyOut(engine, id, '/tmp');
    await refused(get(id, '/trapped'), 404, /^Could not find/);
  });
});

describe('archives that nobody would write', () => {
  const put = async (entries: TarEntry[], id: string) => copyIn(engine, id, '/in', tar(entries));
  const fresh = () => launchAfter(engine, 'mkdir /in; mkdir /out; echo kept >/out/kept');
  const kept = async (id: string) => {
    const entries = await copyOut(engine, id, '/out');
    assert.deepEqual(
      entries.map(({ name, content }) => [name, content.toString()]),
      [
        ['out/', ''],
        ['out/kept', 'kept\n'],
      ],
    );
    untouched();
  };

  test('names that lead out are refused', async () => {
    const id = await fresh();
    for (const name of ['../out/x', 'a/../../out/x', '../../../../../../etc/x']) {
      await refused(put([{ name, content: 'evil' }], id), 400, /leads out of the archive$/);
    }
    await ok(put([{ name: `${host}/x`, content: 'inside' }], id));
    assert.equal((await copyOut(engine, id, `/in${host}/x`))[0]?.content.toString(), 'inside');
    await kept(id);
  });

  test('a link and then a file through it stay below the directory', async () => {
    const id = await fresh();
    for (const link of ['/out', '../out', host, '../../../../out']) {
      await put(
        [
          { name: 'l', type: '2', link },
          { name: 'l/kept', content: 'evil' },
        ],
        id,
      );
      await put(
        [
          { name: 'l', type: '2', link },
          { name: 'l/new', content: 'evil' },
        ],
        id,
      );
    }
    await kept(id);
  });

  test('hard links to what is not below it are refused', async () => {
    const id = await fresh();
    for (const link of ['../out/kept', '/out/kept', '../../etc/shadow', `${host}/secret`]) {
      const reply = await put(
        [
          { name: 'h', type: '1', link },
          { name: 'h', content: 'evil' },
        ],
        id,
      );
      assert.equal(reply.status, 400, reply.text);
    }
    await put(
      [
        { name: 's', type: '2', link: '/out/kept' },
        { name: 'h', type: '1', link: 's' },
        { name: 'h', content: 'evil' },
      ],
      id,
    );
    await kept(id);
  });

  test('whiteouts are names like others', async () => {
    const id = await fresh();
    await ok(copyIn(engine, id, '/', tar([{ name: 'out/.wh.kept' }, { name: 'out/.wh..wh..opq' }])));
    assert.deepEqual(
      (await copyOut(engine, id, '/out')).map(({ name }) => name),
      ['out/', 'out/.wh..wh..opq', 'out/.wh.kept', 'out/kept'],
    );
    const { stdout } = await engine.exec(id, ['ls', '-A', '/out']);
    assert.equal(stdout, '.wh..wh..opq\n.wh.kept\nkept\n');
  });

  test('device nodes cannot be opened, and are not made on what belongs to the host', async () => {
    const volume = join(host, '..', `${host.split('/').pop()}-volume`);
    mkdirSync(volume);
    try {
      const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { Binds: [`${volume}:/v`] } });
      const device: TarEntry = { name: 'zero', type: '3', device: [1, 5], mode: 0o666 };
      await ok(copyIn(engine, id, '/tmp', tar([device])));
      const { exitCode, stderr } = await engine.exec(id, ['head', '-c1', '/tmp/zero']);
      assert.notEqual(exitCode, 0);
      assert.match(stderr, /Permission denied/);
      await refused(copyIn(engine, id, '/v', tar([device])), 400, 'the device "zero" cannot be put on a mount');
      assert.deepEqual(readdirSync(volume), []);
    } finally {
      rmSync(volume, { recursive: true });
    }
  });

  test('wrong sizes, cut ends and noise are sentences', async () => {
    const id = await fresh();
    const good = tar([{ name: 'f', content: 'x'.repeat(2000) }]);
    await refused(copyIn(engine, id, '/in', good.subarray(0, 1500)), 400, 'the archive ends within the file "f"');
    await refused(copyIn(engine, id, '/in', good.subarray(0, 300)), 400, 'the archive is not a tar archive');
    await refused(copyIn(engine, id, '/in', Buffer.alloc(4096, 'n')), 400, 'the archive is not a tar archive');
    const lying = Buffer.from(good);
    lying.write('77777777777', 124);
    await refused(copyIn(engine, id, '/in', lying), 400, /checksum|not a tar archive/);
    await refused(copyIn(engine, id, '/in', gzipSync(gzipSync(good))), 400, 'the archive is compressed 2 times over');
    await refused(
      copyIn(engine, id, '/in', gzipSync(good).subarray(0, 40)),
      400,
      /^the archive cannot be decompressed: /,
    );
  });

  test('a name with a newline is one name', async () => {
    const id = await fresh();
    await ok(put([{ name: 'a\nb', content: 'x' }], id));
    assert.deepEqual(
      (await copyOut(engine, id, '/in')).map(({ name }) => name),
      ['in/', 'in/a\nb'],
    );
  });
});

describe('mount points (CVE-2026-41568, CVE-2026-42306)', () => {
  test('one in a volume that another container swaps for links meanwhile', async () => {
    const Binds = ['swapped:/v'];
    const script = `cd /v; mkdir -p d/m; ln -sfn ${host} l; while :; do mv d t; mv l d; mv t l; mv d t; mv l d; mv t l; done`;
    const racer = await engine.launch({ Cmd: ['sh', '-c', script], HostConfig: { Binds } });
    const id = await engine.create({
      Cmd: ['x'],
      HostConfig: { Binds: [...Binds, 'within:/v/d/m', 'deep:/v/d/new/er'] },
    });
    for (let i = 0; i < rounds(60); i++) {
      const seen = await get(id, i % 2 ? '/v/d' : '/v/d/m');
      assert.ok(!seen.text.includes('secret of the host'));
      await copyIn(engine, id, i % 2 ? '/v/d/m' : '/v/d/new', tar([{ name: `n${i % 7}`, content: 'evil' }]));
      untouched();
    }
    await engine.remove(racer);
    await engine.remove(id);
  });

  test('a link of the image in the way of one ends in the container, running or not', async () => {
    const { archive, id: image } = dockerArchive({
      layers: [
        [
          { name: 'l', type: '2', link: '../../../../../../tmp' },
          { name: 'tmp', type: '5' },
        ],
      ],
    });
    await images.load(archive, image);
    const before = readdirSync('/tmp').filter((name) => name === 'deep-tdt');
    const id = await engine.create({ Image: image, Cmd: ['/x'], HostConfig: { Binds: [`${host}:/l/deep-tdt:ro`] } });
    assert.deepEqual(
      (await copyOut(engine, id, '/l/deep-tdt')).map(({ name }) => name),
      ['deep-tdt/', 'deep-tdt/secret'],
    );
    assert.deepEqual(
      (await copyOut(engine, id, '/tmp')).map(({ name }) => name),
      ['tmp/', 'tmp/deep-tdt/', 'tmp/deep-tdt/secret'],
    );
    await refused(copyIn(engine, id, '/l/deep-tdt', tar([{ name: 'x' }])), 400, 'mounted volume is marked read-only');
    untouched();
    assert.deepEqual(
      readdirSync('/tmp').filter((name) => name === 'deep-tdt'),
      before,
    );
  });
});
