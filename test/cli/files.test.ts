import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { uniqueName } from '../helpers/engine.js';
import { until } from '../helpers/until.js';
import { withDaemon } from './cli.js';

const home = mkdtempSync(join(tmpdir(), 'tdt-cp-'));
chmodSync(home, 0o755);
after(() => rmSync(home, { recursive: true }));

const SCRIPT =
  'mkdir -p /u/d; echo one >/u/f; ln -s f /u/l; ln -s /u /ul; echo two >/u/d/g; echo ready; exec sleep 600';
const cli = withDaemon(async (it) => {
  await it.ok(['run', '-d', '--name', 'web', 'busybox', 'sh', '-c', SCRIPT]);
  await until('the script', async () => (await it.ok('logs web')) === 'ready');
});
before(() => {
  mkdirSync(join(home, 'src', 'd'), { recursive: true });
  writeFileSync(join(home, 'src', 'd', 'f'), 'local');
  symlinkSync('d', join(home, 'src', 'l'));
});

const run = (line: string, input?: Buffer) => cli().tdctl(line, { cwd: home, ...(input && { input }) });
const fails = async (line: string, message: string) => {
  const { code, stdout, stderr } = await run(line);
  assert.deepEqual([code, stdout, stderr.split('\n')[0]], [1, '', message], line);
};
const works = async (line: string) => assert.deepEqual(await run(line), { code: 0, stdout: '', stderr: '' }, line);
const inside = (command: string) => cli().ok(['exec', 'web', 'sh', '-c', command]);
const here = (...path: string[]) => readFileSync(join(home, ...path), 'utf8');

describe('cp from a container', () => {
  test('a file: into a directory, under another name, over another file', async () => {
    await works('cp web:/u/f .');
    await works('cp web:/u/f ./renamed');
    assert.deepEqual([here('f'), here('renamed')], ['one\n', 'one\n']);
    await works('cp web:/u/d/g ./renamed');
    assert.equal(here('renamed'), 'two\n');
    await works('container cp web:u/f ./relative');
    assert.equal(here('relative'), 'one\n');
  });

  test('a directory: as what is new, into what is there, and only what is in it', async () => {
    await works('cp web:/u new');
    assert.deepEqual(readdirSync(join(home, 'new')).sort(), ['d', 'f', 'l']);
    await works('cp web:/u new');
    assert.equal(here('new', 'u', 'd', 'g'), 'two\n');
    mkdirSync(join(home, 'flat'));
    await works('cp web:/u/. flat');
    assert.deepEqual(readdirSync(join(home, 'flat')).sort(), ['d', 'f', 'l']);
  });

  test('links: as they are, or what they lead to', async () => {
    await works('cp web:/u/l link');
    assert.equal(readlinkSync(join(home, 'link')), 'f');
    assert.equal(here('new', 'l'), 'one\n');
    await works('cp -L web:/u/l followed');
    assert.equal(here('followed'), 'one\n');
    await works('cp -L web:/ul .');
    assert.equal(here('ul', 'f'), 'one\n');
  });

  test('as an archive on standard output', async () => {
    const { stdout } = await run('cp web:/u/d -');
    const list = execFileSync('tar', ['t'], { input: Buffer.from(stdout, 'utf8') }).toString();
    assert.equal(list, 'd/\nd/g\n');
  });

  test('what does not go, in docker’s words', async () => {
    await fails('cp web:/nope .', 'Error response from daemon: Could not find the file /nope in container web');
    await fails('cp nope:/x .', 'Error response from daemon: No such container: nope');
    await fails(`cp web:/u/f ${home}/a/b`, `invalid output path: directory "${home}/a" does not exist`);
    await fails(
      'cp web:/u/f /dev/null',
      'invalid output path: "/dev/null" must be a directory or a regular file: got a device',
    );
    await fails('cp web:/u src/d/f', 'cannot copy directory');
    await fails('cp web:/u/f none/', 'no such directory');
    mkdirSync(join(home, 'clash', 'f'), { recursive: true });
    await fails('cp web:/u/f clash', `cannot overwrite directory "f" with non-directory "${home}/clash"`);
  });
});

describe('cp to a container', () => {
  test('files and directories, where and as what they are to be', async () => {
    await works('cp src/d/f web:/tmp');
    await works('cp src/d/f web:/tmp/other');
    await works('cp src/d web:/tmp/tree');
    await works('cp src/d web:/tmp/tree');
    await works('cp src/d/. web:/ul');
    assert.equal(await inside('cat /tmp/f /tmp/other /tmp/tree/f /tmp/tree/d/f /u/f'), 'local'.repeat(5));
    await works('cp src/l web:/tmp/link');
    await works('cp -L src/l web:/tmp/followed');
    assert.equal(await inside('readlink /tmp/link; cat /tmp/followed/f'), 'd\nlocal');
    await inside('echo one >/u/f');
  });

  test('owners: those of here, or with -a the container’s user', async () => {
    await cli().ok('create --name owned -u 1000:50 busybox true');
    await works('cp -a src/d/f owned:/tmp/mine');
    await works('cp src/d/f owned:/tmp/root');
    const { stdout } = await run('cp owned:/tmp -');
    const list = execFileSync('tar', ['tv', '--numeric-owner'], { input: Buffer.from(stdout) }).toString();
    assert.match(list, /1000\/50 .* tmp\/mine/);
    assert.match(list, /0\/0 .* tmp\/root/);
  });

  test('an archive from standard input', async () => {
    const archive = execFileSync('tar', ['c', '-C', join(home, 'src'), 'd']);
    assert.deepEqual(await run('cp - web:/var', archive), { code: 0, stdout: '', stderr: '' });
    assert.equal(await inside('cat /var/d/f'), 'local');
    await fails('cp - web:/nope', 'destination "web:/nope" must be a directory');
  });

  test('what does not go, in docker’s words', async () => {
    await fails('cp nofile web:/', `lstat ${home}/nofile: no such file or directory`);
    await fails('cp src/d/f/ web:/u', 'not a directory');
    await fails(
      'cp src/d/f web:/nodir/x',
      'Error response from daemon: Could not find the file /nodir in container web',
    );
    await fails('cp src/d/f web:/nodir/', 'no such directory');
    await fails('cp src/d web:/u/f', 'cannot copy directory');
    await fails(
      'cp src/d/f web:/dev/null',
      'destination "web:/dev/null" must be a directory or a regular file: got a device',
    );
    await fails('cp a b', 'must specify at least one container source');
    await fails('cp web:/x web:/y', 'copying between containers is not supported');
    assert.match((await run('cp web:/u')).stderr, /'tdctl cp' requires 2 arguments/);
  });
});

test('on a terminal cp says what it has done, with -q it does not', async () => {
  const to = await cli()
    .terminal(['cp', join(home, 'src', 'd', 'f'), 'web:/tmp/t'])
    .end();
  assert.equal(to.stdout, 'Successfully copied 2.05kB to web:/tmp/t\r\n');
  const from = await cli()
    .terminal(['cp', 'web:/u/f', join(home, 't')])
    .end();
  assert.equal(from.stdout, `Successfully copied 2.05kB to ${join(home, 't')}\r\n`);
  assert.equal(
    (
      await cli()
        .terminal(['cp', '-q', 'web:/u/f', join(home, 't')])
        .end()
    ).stdout,
    '',
  );
});

test('export: to standard output, to a file that is whole or not there', async () => {
  await works('export -o root.tar web');
  const list = execFileSync('tar', ['tf', join(home, 'root.tar')])
    .toString()
    .split('\n');
  assert.ok(list.includes('u/d/g') && list.includes('proc/'));
  await fails('export nope', 'Error response from daemon: No such container: nope');
  await fails('export -o nope.tar nope', 'Error response from daemon: No such container: nope');
  await fails('export -o src web', 'failed to export container: cannot write to a directory');
  await fails(
    'export -o /nodir/x web',
    'failed to export container: invalid output path: stat /nodir: no such file or directory',
  );
  assert.ok(!existsSync(join(home, 'nope.tar')));
  assert.deepEqual(
    readdirSync(home).filter((name) => name.includes('.tdctl-')),
    [],
  );
  const { stdout, code } = await cli().terminal(['export', 'web']).end();
  assert.deepEqual([code, stdout], [1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect\r\n']);
});

test('diff', async () => {
  await cli().ok(['run', '--name', 'changed', 'busybox', 'sh', '-c', 'touch /new; rm /bin/vi; echo x >>/etc/passwd']);
  assert.equal(await cli().ok('diff changed'), 'C /bin\nD /bin/vi\nC /etc\nC /etc/passwd\nA /new');
  await fails('container diff nope', 'Error response from daemon: No such container: nope');
});

test('commit: an image with what was changed and asked for', async () => {
  const name = uniqueName('img');
  await cli().ok(['run', '--name', 'shop', 'busybox', 'sh', '-c', 'echo kept >/kept']);
  const id = await cli().ok([
    'commit',
    '-a',
    'me',
    '-m',
    'words',
    '-c',
    'CMD ["cat", "/kept"]',
    '-c',
    'ENV A=1',
    'shop',
    name,
  ]);
  assert.match(id, /^sha256:[0-9a-f]{64}$/);
  assert.equal(await cli().ok(['run', '--rm', name]), 'kept');
  const [image] = JSON.parse(await cli().ok(['image', 'inspect', name]));
  assert.deepEqual([image.Id, image.Author, image.Comment, image.RepoTags], [id, 'me', 'words', [`${name}:latest`]]);
  await fails('commit shop UP', 'invalid reference format: repository name (library/UP) must be lowercase');
  await fails(`commit shop a@sha256:${'0'.repeat(64)}`, 'refusing to create a tag with a digest reference');
  await fails('commit -c FOO shop', 'Error response from daemon: FOO is not a valid change command');
  await fails('commit nope', 'Error response from daemon: No such container: nope');
  assert.match((await run('commit')).stderr, /'tdctl commit' requires at least 1 and at most 2 arguments/);
  await cli().ok(['rmi', name]);
});
