import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok } from '../helpers/api.js';
import { type BuildQuery, buildArchive, build as buildWith, type ContextFiles } from '../helpers/build.js';
import { Engine } from '../helpers/engine.js';
import { helpersOf } from '../helpers/files.js';
import { type TarEntry, tar } from '../helpers/tar.js';
import { until } from '../helpers/until.js';

/* Attacks by whoever writes a Dockerfile, a build context, or the image that a build begins with. */

const engine = await Engine.open();
const root = engine.daemon!.dataRoot;
/** A directory of the host whose path means nothing in a build; the secret in it must never come out, and nothing must come in. */
const host = mkdtempSync('/var/tmp/tdt-host-');
const SECRET = `secret of the host ${host}`;
writeFileSync(join(host, 'secret'), SECRET);
after(async () => {
  rmSync(host, { recursive: true });
  await engine.close();
});
const untouched = () => {
  assert.deepEqual(readdirSync(host), ['secret']);
  assert.equal(readFileSync(join(host, 'secret'), 'utf8'), SECRET);
};

const build = (dockerfile: string, files: ContextFiles = {}, query: BuildQuery = {}) =>
  buildWith(engine.api, dockerfile, files, query);
const said = async (id: string, command: string): Promise<string> => {
  const { stdout, stderr } = await engine.run(['sh', '-c', command], { Image: id, Entrypoint: [] });
  return stdout + stderr;
};
const nothingLeft = async () => {
  await until(
    'nothing is left',
    () => readdirSync(join(root, 'ingest')).length === 0 && helpersOf(engine.daemon!.pid).length === 0,
  );
  assert.deepEqual(await ok(engine.api.get('/containers/json', { all: 1 })), []);
};

describe('a context', () => {
  const links: TarEntry[] = [
    { name: 'out', type: '2', link: host },
    { name: 'file', type: '2', link: `${host}/secret` },
    { name: 'up', type: '2', link: '../../../../../../../../../../../../..' },
    { name: 'passwd', type: '2', link: '/etc/passwd' },
  ];

  test('whose links lead out gives nothing of the host', async () => {
    for (const source of ['out/secret', 'file', `up${host}/secret`, 'out', 'passwd']) {
      const { error } = await build(`FROM busybox\nCOPY ${source} /x`, links);
      assert.match(error ?? '', /file does not exist/, source);
    }
    // Links themselves come along as what they are.
    const { id } = await build('FROM busybox\nCOPY . /x/', links);
    assert.equal(await said(id, 'readlink /x/file'), `${host}/secret\n`);
    untouched();
    await nothingLeft();
  });

  test('whose Dockerfile or .dockerignore is a link that leads out', async () => {
    const dockerfile = await buildArchive(engine.api, tar([{ name: 'Dockerfile', type: '2', link: `${host}/secret` }]));
    assert.match(dockerfile.error ?? '', /failed to read dockerfile/);
    const ignore = await build('FROM busybox\nCOPY . /x', [
      { name: '.dockerignore', type: '2', link: `${host}/secret` },
    ]);
    assert.equal(ignore.error, undefined);
    const fifo = await buildArchive(engine.api, tar([{ name: 'Dockerfile', type: '6' }]));
    assert.match(fifo.error ?? '', /failed to read dockerfile/);
  });

  test('whose names lead out is refused, and so is what writes through its own links', async () => {
    const cases: [TarEntry[], RegExp][] = [
      [[{ name: '../../out', content: 'x' }], /leads out of the build context/],
      [
        [
          { name: 'l', type: '2', link: host },
          { name: 'l/evil', content: 'x' },
        ],
        /lies below something that is not a directory|no such file/,
      ],
      [[{ name: 'h', type: '1', link: '../../../../etc/passwd' }], /./],
    ];
    for (const [files, message] of cases) assert.match((await build('FROM busybox', files)).error ?? '', message);
    untouched();
    await nothingLeft();
  });

  test('that .dockerignore empties: nothing outside of it goes', async () => {
    const { error } = await build('FROM busybox\nCOPY . /x', [
      ...links,
      { name: '.dockerignore', content: '*\n**\n../**\n/' },
    ]);
    assert.ok(error === undefined || /no source files/.test(error), error);
    untouched();
    assert.ok(existsSync('/etc/passwd'));
  });

  test('that is a bomb, or no archive, gets a sentence and leaves nothing', async () => {
    const cut = gzipSync(tar([{ name: 'f', content: Buffer.alloc(1 << 20) }]));
    assert.equal((await buildArchive(engine.api, cut.subarray(0, cut.length >> 1))).status, 400);
    // A file of more bytes than any disk has.
    const huge = tar([{ name: 'f', content: '' }]);
    huge.write('77777777777\0', 124, 'latin1');
    let sum = 0;
    huge.fill(' ', 148, 156);
    for (const byte of huge.subarray(0, 512)) sum += byte;
    huge.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    assert.equal((await buildArchive(engine.api, huge)).status, 400);
    await nothingLeft();
  });
});

describe('an archive that ADD unpacks', () => {
  test('stays in its destination’s root', async () => {
    const evil = tar([
      { name: 'l', type: '2', link: host },
      { name: 'l/evil', content: 'x' },
    ]);
    const { error } = await build('FROM busybox\nADD evil.tar /x/', [{ name: 'evil.tar', content: evil }]);
    assert.ok(error !== undefined);
    const up = tar([{ name: '../../../../../../../../x', content: 'x' }]);
    assert.match(
      (await build('FROM busybox\nADD up.tar /x/', [{ name: 'up.tar', content: up }])).error ?? '',
      /leads out/,
    );
    untouched();
    await nothingLeft();
  });
});

describe('an image, or a stage, whose links lead out', () => {
  const evil = `FROM busybox AS evil
RUN ln -s ${host} /out && ln -s ${host}/secret /file && rm -rf /tmp && ln -s ${host} /tmp && mkdir /d && ln -s / /d/root`;

  test('as a source of COPY --from (CVE-2024-23652)', async () => {
    for (const source of ['/out/secret', '/file', '/out', `/d/root${host}/secret`]) {
      const { error } = await build(`${evil}\nFROM busybox\nCOPY --from=evil ${source} /x`);
      assert.match(error ?? '', /file does not exist/, source);
    }
  });

  test('as a destination of COPY, ADD and WORKDIR', async () => {
    const files = [
      { name: 'f', content: 'copied' },
      { name: 'a.tar', content: tar([{ name: 'in', content: 'x' }]) },
    ];
    const refused = await build(`${evil}\nCOPY f /out/`, files);
    assert.match(refused.error ?? '', /lies behind a link that leads nowhere/);
    const { id, error } = await build(
      `${evil}\nRUN mkdir -p ${host}\nCOPY f /out/f\nCOPY f /tmp/\nADD a.tar /out/\nWORKDIR /out/deeper`,
      files,
    );
    assert.equal(error, undefined);
    // In the image, the link leads to a path of the image.
    assert.equal(await said(id, `ls ${host}`), 'deeper\nf\nin\n');
    untouched();
  });

  test('as a source or a target of RUN --mount (CVE-2024-1753, CVE-2024-9407, CVE-2024-9675, CVE-2024-11218)', async () => {
    const sources = ['source=/out', 'source=/out/secret', 'source=/../../..', 'source=/file'];
    for (const source of sources) {
      const { text, error } = await build(
        `${evil}\nFROM busybox\nRUN --mount=type=bind,from=evil,${source},target=/m find /m -maxdepth 2 | head -50; cat /m/secret /m; true`,
      );
      assert.ok(!text.includes(SECRET) && !(error ?? '').includes(SECRET), source);
      assert.ok(!text.includes('/m/proc/1'), source);
    }
    // What the whole of a stage shows is the stage.
    const whole = await build(
      `${evil}\nFROM busybox\nRUN --mount=type=bind,from=evil,source=/,target=/m ls -d /m/d; [ ! -e /m${host} ] && echo inside`,
    );
    assert.match(whole.text, /\/m\/d\ninside\n/);
    // A target that is a link leads to a path of the image.
    const target = await build(
      `${evil}\nRUN mkdir -p ${host}\nRUN --mount=type=tmpfs,target=/out/x touch /out/x/f && ls ${host}`,
    );
    assert.equal(target.error, undefined);
    assert.match(target.text, /\nx\n/);
    const cache = await build(
      `${evil}\nRUN --mount=type=cache,id=link,from=evil,source=/out,target=/c ls -A /c; cat /c/secret; true`,
    );
    assert.ok(!cache.text.includes(SECRET));
    untouched();
    await nothingLeft();
  });

  test('as a mount point that is to be cleared away (CVE-2024-23651, CVE-2024-23652)', async () => {
    // The command puts a link in the place of what was mounted above its own file.
    const { error } = await build(`FROM busybox
RUN --mount=type=tmpfs,target=/a/b/secret true; mkdir -p /z; ln -s ${host} /z/b
RUN --mount=type=tmpfs,target=/q/secret umount /q/secret 2>/dev/null; rm -rf /q 2>/dev/null; ln -s ${host} /q2; true`);
    assert.equal(error, undefined);
    untouched();
  });

  test('a cache that holds a link in the place of its directory', async () => {
    const run = (command: string) => build(`FROM busybox\nRUN --mount=type=cache,id=evil,target=/c ${command}`);
    await run(`rm -rf /c/* ; ln -s ${host} /c/l; rmdir /c; true`);
    const { text } = await run('ls -A /c; cat /c/l/secret; true');
    assert.ok(!text.includes(SECRET));
    untouched();
  });
});

describe('a command of a build', () => {
  test('has no more rights than a container', async () => {
    const { text } = await build(`FROM busybox
RUN mount -t tmpfs t /tmp 2>&1; mknod /dev/sda b 8 0; cat /dev/sda 2>&1 | head -c 1; id -u; grep CapEff /proc/self/status; ls /proc/1/root${host} 2>&1; true`);
    assert.match(text, /mount: permission denied|Operation not permitted|must be superuser/i);
    assert.match(text, /CapEff:\s+00000000a80425fb/);
    assert.ok(!text.includes('secret\n'));
    const { error } = await build('FROM busybox\nRUN --security=insecure true');
    assert.match(error ?? '', /without privileges only/);
  });
});

describe('addresses', () => {
  test('that git would take for something else are refused (CVE-2019-13139, CVE-2026-44517)', async () => {
    const cases = [
      'git://127.0.0.1:1/x#--upload-pack=touch /tmp/x:',
      'git://127.0.0.1:1/x#-x',
      'git://127.0.0.1:1/x#a..b',
      'git://127.0.0.1:1/x#a:b:c@{1}'.replace('a:b', 'a@{1}'),
      'git://127.0.0.1:1/x#$(id)',
      'https://127.0.0.1:1/x.git#main\n--upload-pack=id',
      'git://ext::sh -c id',
    ];
    for (const remote of cases) {
      const { status, error } = await buildArchive(engine.api, undefined, { remote });
      assert.equal(status, 400, `${remote}: ${error}`);
      assert.match(error ?? '', /invalid (git ref|address)/, remote);
    }
    for (const remote of ['file:///etc/passwd', 'ftp://x/y', '/etc/passwd', '-x']) {
      const { status } = await buildArchive(engine.api, undefined, { remote });
      assert.equal(status, 400, remote);
    }
    await nothingLeft();
  });
});
