import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contextTar } from '../helpers/build.js';
import { withDaemon } from './cli.js';

const cli = withDaemon();
let count = 0;

/** A directory with these files. */
function directory(files: Record<string, string>): string {
  const path = join(cli().engine.daemon!.home, `context-${count++}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

test('build: a directory, what it shows, and its result', async () => {
  const path = directory({
    Dockerfile: 'FROM busybox AS only\nCOPY f /f\nRUN cat /f; echo oops >&2\nCMD ["cat", "/f"]\n',
    f: 'hello\n',
  });
  const first = await cli().tdctl(`build -t tdt-cli:1 -t tdt-cli:2 ${path}`);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^sha256:[0-9a-f]{64} tdt-cli:1\nsha256:[0-9a-f]{64} tdt-cli:2\n$/);
  const seconds = String.raw`\d+\.\ds`;
  const step = (n: number, text: string, how = seconds) => String.raw`\[only ${n}\/4\] ${text} ${how}\n`;
  const run = 'RUN cat \\/f; echo oops >&2';
  const shown = `^${step(1, 'FROM busybox AS only')}${step(2, 'COPY f \\/f')}\\[only 3\\/4\\] ${run}\n(hello\noops\n|oops\nhello\n)${step(3, run)}`;
  assert.match(first.stderr, new RegExp(shown + step(4, 'CMD \\["cat", "\\/f"\\]')));
  const again = await cli().tdctl(`build -t tdt-cli:1 ${path}`);
  assert.match(again.stderr, new RegExp(step(3, run, 'CACHED')));
  assert.equal(await cli().ok('run --rm tdt-cli:2'), 'hello');
  const quiet = await cli().tdctl(`build -q --iidfile ${path}.id ${path}`);
  assert.deepEqual([quiet.stdout, quiet.stderr], [`${readFileSync(`${path}.id`, 'utf8')}\n`, '']);
});

test('build: a command that fails is shown with what it said, its code and its line', async () => {
  const path = directory({ Dockerfile: 'FROM busybox\nENV a=b\n\nRUN echo one; exit 42\nENV c=d' });
  const { code, stdout, stderr } = await cli().tdctl(`build ${path}`);
  assert.deepEqual([code, stdout], [42, '']);
  assert.ok(
    stderr.endsWith(`------
 > [3/4] RUN echo one; exit 42:
one
------
Dockerfile:4
--------------------
   2 |     ENV a=b
   3 |     
   4 | >>> RUN echo one; exit 42
   5 |     ENV c=d
--------------------
The command '/bin/sh -c echo one; exit 42' returned a non-zero code: 42
`),
    stderr,
  );
});

test('build: standard input as Dockerfile, as archive, as Dockerfile of a directory', async () => {
  const text = 'FROM busybox\nCMD ["echo", "typed"]\n';
  const built = await cli().tdctl('build -q -', { input: text });
  assert.equal(await cli().ok(`run --rm ${built.stdout.trim()}`), 'typed');
  const archive = await cli().tdctl('build -q -', {
    input: contextTar('FROM busybox\nCOPY f /f\nCMD ["cat", "/f"]', { f: 'packed' }),
  });
  assert.equal(await cli().ok(`run --rm ${archive.stdout.trim()}`), 'packed');
  const path = directory({ f: 'of the directory', '.dockerignore': '*\n!f' });
  const both = await cli().tdctl(`build -q -f - ${path}`, {
    input: 'FROM busybox\nCOPY . /c\nCMD ["sh", "-c", "ls -A /c; cat /c/f"]',
  });
  assert.equal(both.code, 0, both.stderr);
  assert.equal(await cli().ok(`run --rm ${both.stdout.trim()}`), 'f\nof the directory');
});

test('build: another Dockerfile, inside and outside; what is ignored is not sent; links', async () => {
  const path = directory({
    'd/my': 'FROM busybox\nCOPY . /c\nCMD find /c | sort',
    'd/x': 'x',
    'a.md': '',
    big: '',
    '.dockerignore': 'big\n*.md',
  });
  symlinkSync('/etc/passwd', join(path, 'link'));
  const inside = await cli().tdctl(`build -q -f ${path}/d/my ${path}`);
  assert.equal(
    await cli().ok(`run --rm ${inside.stdout.trim()}`),
    '/c\n/c/.dockerignore\n/c/d\n/c/d/my\n/c/d/x\n/c/link',
  );
  const outside = directory({ D: 'FROM busybox\nARG A\nENV A=$A\nCMD ["sh", "-c", "echo $A"]' });
  const options = ['build', '-q', '-f', `${outside}/D`, '--build-arg', 'A', '--label', 'l=m', '--no-cache', path];
  const other = await cli().run(options, { env: { A: 'from here' } });
  assert.equal(await cli().ok(`run --rm ${other.stdout.trim()}`), 'from here');
  assert.equal(await cli().ok(['inspect', '-f', '{{.Config.Labels}}', other.stdout.trim()]), 'map[l:m]');
});

test('build: files of every size come along', async () => {
  // Whole blocks of the archive, none, and one byte more or less.
  const sizes = [0, 1, 511, 512, 513, 1024, 1 << 20, (5 << 20) + 1];
  const files = Object.fromEntries(sizes.map((size, i) => [`f${i}`, 'x'.repeat(size)]));
  const path = directory({
    ...files,
    Dockerfile: 'FROM busybox\nCOPY . /c\nCMD cd /c && stat -c %s f0 f1 f2 f3 f4 f5 f6 f7',
  });
  const { code, stdout, stderr } = await cli().tdctl(`build -q ${path}`);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(await cli().ok(`run --rm ${stdout.trim()}`), sizes.join('\n'));
});

test('build: limits, hosts and network of its commands', async () => {
  const path = directory({
    Dockerfile:
      'FROM busybox\nRUN ulimit -n >/o; grep other /etc/hosts >>/o; df -k /dev/shm | tail -1 >>/o; ls /sys/class/net >>/o\nCMD cat /o',
  });
  const flags = '--ulimit nofile=99:100 --add-host other:1.2.3.4 --shm-size 8m --network none -m 64m --cpu-shares 100';
  const id = await cli().ok(`build -q ${flags} ${path}`);
  assert.match(await cli().ok(`run --rm ${id}`), /^99\n1\.2\.3\.4\tother\nshm +8192 .*\nlo$/);
});

test('build: secrets, and what is wrong', async () => {
  const path = directory({
    Dockerfile:
      'FROM busybox\nRUN --mount=type=secret,id=a --mount=type=secret,id=b cat /run/secrets/a /run/secrets/b >/o\nCMD cat /o',
    file: 'from a file ',
  });
  const options = ['build', '-q', '--secret', `id=a,src=${path}/file`, '--secret', 'id=b,env=TOKEN', path];
  const { stdout, stderr } = await cli().run(options, { env: { TOKEN: 'from the environment' } });
  assert.equal(stderr, '');
  assert.equal(await cli().ok(`run --rm ${stdout.trim()}`), 'from a file from the environment');
  const fails = async (words: string[], message: RegExp) => {
    const failed = await cli().run(words);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, message);
  };
  await fails(['build', '/nonesuch'], /unable to prepare context: path "\/nonesuch" not found/);
  await fails(['build', '-f', `${path}/none`, path], /unable to evaluate symlinks in Dockerfile path/);
  await fails(['build', '--secret', 'id=a,src=/nonesuch', path], /secret a: open \/nonesuch: no such file/);
  await fails(['build', '-t', 'UPPER', path], /must be lowercase/);
});

test('builder prune, and the cache in system df', async () => {
  const path = directory({ Dockerfile: 'FROM busybox\nRUN head -c 100000 /dev/zero >/f\nRUN rm /f' });
  const id = await cli().ok(`build -q ${path}`);
  const row = async () => (await cli().ok('system df')).split('\n').find((line) => line.startsWith('Build Cache'))!;
  assert.doesNotMatch(await row(), / 0 +0 +0B/);
  await cli().ok(`rmi -f ${id}`);
  assert.match(await cli().ok('system df -v'), /CACHE ID +CACHE TYPE +SIZE/);
  const pruned = await cli().ok('builder prune -af');
  assert.match(pruned, /^Deleted build cache objects:\n[0-9a-f]{25}\n/);
  assert.match(pruned, /Total reclaimed space: [1-9]/);
  assert.match(await row(), /Build Cache +0 +0 +0B +0B/);
});
