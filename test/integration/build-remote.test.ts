import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type BuildQuery, buildArchive, build as buildWith, contextTar } from '../helpers/build.js';
import { Engine } from '../helpers/engine.js';
import { Registry } from '../helpers/registry.js';
import { tar } from '../helpers/tar.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const said = async (id: string, command: string): Promise<string> =>
  (await engine.run(['sh', '-c', command], { Image: id, Entrypoint: [] })).stdout;
const build = (dockerfile: string, query: BuildQuery = {}) => buildWith(engine.api, dockerfile, {}, query);
const remote = (address: string, query: BuildQuery = {}) =>
  buildArchive(engine.api, undefined, { ...query, remote: address });
const nothingLeft = () => assert.deepEqual(readdirSync(join(engine.daemon!.dataRoot, 'ingest')), []);

describe('addresses of HTTP', () => {
  const files: Record<string, Buffer> = {
    '/context.tar': contextTar('FROM busybox\nCOPY f /f', { f: 'from an archive' }),
    '/context.tgz': gzipSync(contextTar('FROM busybox\nCOPY f /f', { f: 'from a packed archive' })),
    '/Dockerfile': Buffer.from('FROM busybox\nRUN echo alone >/f'),
    '/file': Buffer.from('downloaded'),
    '/archive.tar': tar([{ name: 'in', content: 'unpacked' }]),
  };
  let asked = 0;
  const server = http.createServer((request, response) => {
    asked += 1;
    const path = request.url!.split('?')[0]!;
    if (path === '/moved') return response.writeHead(302, { location: '/file' }).end();
    const content = files[path];
    if (!content) return response.writeHead(404).end('nothing here');
    response.writeHead(200, { 'last-modified': 'Sat, 03 Feb 2001 04:05:06 GMT' }).end(content);
  });
  let base = '';
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  test('as a context: an archive, packed or not, and a Dockerfile alone', async () => {
    for (const [path, wanted] of [
      ['context.tar', 'from an archive'],
      ['context.tgz', 'from a packed archive'],
      ['Dockerfile', 'alone\n'],
    ]) {
      const { id, error } = await remote(`${base}/${path}`);
      assert.equal(error, undefined);
      assert.equal(await said(id, 'cat /f'), wanted);
    }
    const missing = await remote(`${base}/none`);
    assert.deepEqual([missing.status, /: 404 Not Found$/.test(missing.error ?? '')], [503, true]);
    nothingLeft();
  });

  test('as a source of ADD', async () => {
    const sum = createHash('sha256').update(files['/file']!).digest('hex');
    const dockerfile = `FROM busybox
ADD ${base}/file /a
ADD ${base}/file?x=1 ${base}/archive.tar /d/
ADD --checksum=sha256:${sum} --chown=5:6 --chmod=640 ${base}/moved /m
ADD --unpack ${base}/archive.tar /u/`;
    const { id, error } = await build(dockerfile);
    assert.equal(error, undefined);
    const look = 'cat /a /d/file /m /u/in; ls /d; stat -c "%a %u:%g %Y" /a /m';
    const time = Date.UTC(2001, 1, 3, 4, 5, 6) / 1000;
    assert.equal(
      await said(id, look),
      `downloadeddownloadeddownloadedunpackedarchive.tar\nfile\n600 0:0 ${time}\n640 5:6 ${time}\n`,
    );
    // It is looked at each time, and known by what it is.
    const before_ = asked;
    const again = await build(dockerfile);
    assert.equal(again.id, id);
    assert.ok(asked > before_);
    files['/file'] = Buffer.from('other');
    assert.equal((await build(`FROM busybox\nADD ${base}/file /a`)).error, undefined);
    const wrong = await build(`FROM busybox\nADD --checksum=sha256:${sum} ${base}/file /a`);
    assert.match(wrong.error ?? '', /digest mismatch/);
    const unnamed = await build(`FROM busybox\nADD ${base}/ /d/`);
    assert.match(unnamed.error ?? '', /404/);
    const nobody = await build('FROM busybox\nADD http://127.0.0.1:1/x /x');
    assert.match(nobody.error ?? '', /Get "http:\/\/127\.0\.0\.1:1\/x"/);
    nothingLeft();
  });
});

describe('repositories', () => {
  const home = mkdtempSync(join(tmpdir(), 'tdt-git-'));
  const work = join(home, 'work');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-C', work, ...args], {
      encoding: 'utf8',
    });
  let base = '';
  let end = () => {};
  before(async () => {
    mkdirSync(join(work, 'sub'), { recursive: true });
    execFileSync('git', ['init', '-q', '-b', 'main', work]);
    writeFileSync(join(work, 'Dockerfile'), 'FROM busybox\nCOPY . /c');
    writeFileSync(join(work, 'sub', 'Dockerfile'), 'FROM busybox\nCOPY . /sub');
    symlinkSync('/etc', join(work, 'evil'));
    git('add', '.');
    git('commit', '-qm', 'one');
    git('tag', 'v1');
    writeFileSync(join(work, 'later'), 'later');
    git('add', '.');
    git('commit', '-qm', 'two');
    execFileSync('git', ['clone', '-q', '--bare', work, join(home, 'repo.git')]);
    // A port that is free now; nobody else on this machine's loopback takes it in the next moment.
    const probe = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const daemon = spawn(
      'git',
      ['daemon', '--reuseaddr', '--export-all', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${home}`, home],
      {
        stdio: 'ignore',
        detached: true,
      },
    );
    end = () => process.kill(-daemon.pid!, 'SIGKILL');
    base = `git://127.0.0.1:${port}/repo.git`;
    const answers = () =>
      new Promise<boolean>((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => resolve(true));
        socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
      });
    await until('the server of the repository', answers);
  });
  after(() => {
    end();
    rmSync(home, { recursive: true });
  });

  test('as a context: a branch, a tag, a commit, a directory', async () => {
    const list = async (address: string, path: string, query: BuildQuery = {}) => {
      const { id, error } = await remote(address, query);
      assert.equal(error, undefined, address);
      return said(id, `cd ${path}; find . -type f | sort`);
    };
    assert.equal(await list(base, '/c'), './Dockerfile\n./later\n./sub/Dockerfile\n');
    assert.equal(await list(`${base}#main`, '/c'), './Dockerfile\n./later\n./sub/Dockerfile\n');
    assert.equal(await list(`${base}#v1`, '/c'), './Dockerfile\n./sub/Dockerfile\n');
    assert.equal(await list(`${base}#:sub`, '/sub'), './Dockerfile\n');
    const commit = git('rev-parse', 'v1').trim();
    assert.equal(await list(`${base}#${commit}:sub`, '/sub'), './Dockerfile\n');
    assert.equal(
      await list(base, '/sub', { dockerfile: 'sub/Dockerfile' }),
      './Dockerfile\n./later\n./sub/Dockerfile\n',
    );
    nothingLeft();
  });

  test('as a source of ADD', async () => {
    const { id, error } = await build(
      `FROM busybox\nADD ${base}#v1 /r\nADD ${base}#:sub /s\nADD --keep-git-dir=true ${base} /k`,
    );
    assert.equal(error, undefined);
    assert.equal(
      await said(id, 'ls -A /r /s; [ -d /k/.git ] && echo kept'),
      '/r:\nDockerfile\nevil\nsub\n\n/s:\nDockerfile\nkept\n',
    );
  });

  test('what is not there, and what leads out', async () => {
    const cases: [string, RegExp][] = [
      [`${base}#none`, /couldn't find remote ref|not found|git fetch/],
      [`${base}#:none`, /the repository has no directory "none"/],
      [`${base}#:evil`, /the repository has no directory "evil"/],
      [`${base}#:../..`, /failed to read dockerfile|no directory|^$/],
      [`${base.replace('repo', 'nonesuch')}`, /git fetch/],
    ];
    for (const [address, message] of cases) {
      const built = await remote(address);
      // What goes up stays at the top, which has a Dockerfile.
      if (address.endsWith('../..')) assert.equal(await said(built.id, 'ls /c/later'), '/c/later\n');
      else assert.match(built.error ?? '', message, address);
    }
    nothingLeft();
  });
});

test('images that a build names are pulled, for who may', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tdt-auth-'));
  // bcrypt of "secret", as htpasswd -nbB makes it.
  writeFileSync(join(directory, 'htpasswd'), 'alice:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n');
  let registry = await Registry.start();
  try {
    await registry.push('team/app', '1', { layers: [[{ name: 'from-registry', content: 'x' }]] });
    registry = await registry.reopen(`auth: {htpasswd: {realm: here, path: ${directory}/htpasswd}}`);
    const dockerfile = `FROM busybox\nCOPY --from=${registry.host}/team/app:1 /from-registry /x`;
    const config = { [registry.host]: { username: 'alice', password: 'secret' } };
    const headers = { 'x-registry-config': Buffer.from(JSON.stringify(config)).toString('base64url') };
    const denied = await buildWith(engine.api, dockerfile);
    assert.match(denied.error ?? '', /pull access denied/);
    const built = await buildWith(engine.api, dockerfile, {}, {}, headers);
    assert.equal(built.error, undefined);
    assert.equal(await said(built.id, 'cat /x'), 'x');
    const again = await buildWith(engine.api, dockerfile, {}, { pull: 1 }, headers);
    assert.match(again.error ?? '', /busybox/, 'busybox is of no registry here');
    const from = await buildWith(engine.api, `FROM ${registry.host}/team/app:1\nENV a=b`, {}, { pull: 1 }, headers);
    assert.equal(from.error, undefined);
    assert.ok(
      from.messages.some((message) => /Image is up to date/.test((message as { status?: string }).status ?? '')),
    );
  } finally {
    await registry.close();
    rmSync(directory, { recursive: true });
  }
});
