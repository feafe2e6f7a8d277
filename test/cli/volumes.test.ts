import assert from 'node:assert/strict';
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withDaemon } from './cli.js';

const cli = withDaemon();

test('volume: create, ls, inspect, rm', async () => {
  assert.equal(await cli().ok('volume create --label a=b data'), 'data');
  const madeUp = await cli().ok('volume create');
  assert.match(madeUp, /^[0-9a-f]{64}$/);
  assert.equal(await cli().ok('volume create -o type=tmpfs -o device=tmpfs mem'), 'mem');
  const lines = (await cli().ok('volume ls')).split('\n');
  assert.equal(lines[0], 'DRIVER    VOLUME NAME');
  assert.deepEqual(lines.slice(1).sort(), [madeUp, 'data', 'mem'].map((name) => `local     ${name}`).sort());
  assert.equal(await cli().ok('volume ls -q -f label=a'), 'data');
  assert.equal(await cli().ok(['volume', 'ls', '-f', 'name=data', '--format', '{{.Name}} {{.Label "a"}}']), 'data b');
  assert.equal(await cli().ok(['volume', 'inspect', '-f', '{{.Options}}', 'mem']), 'map[device:tmpfs type:tmpfs]');
  assert.deepEqual(await cli().tdctl('volume inspect nonesuch'), {
    ...{ code: 1, stdout: '[]\n', stderr: 'Error response from daemon: get nonesuch: no such volume\n' },
  });
  assert.deepEqual(await cli().tdctl('volume create --name x y'), {
    ...{ code: 1, stdout: '' },
    stderr: 'conflicting options: cannot specify a volume-name through both --name and as a positional arg\n',
  });
  const { code, stdout, stderr } = await cli().tdctl(`volume rm data nonesuch mem ${madeUp}`);
  assert.deepEqual([code, stdout], [1, `data\nmem\n${madeUp}\n`]);
  assert.equal(stderr, 'Error response from daemon: get nonesuch: no such volume\n');
  assert.equal(await cli().ok('volume rm -f nonesuch'), 'nonesuch');
});

test('run: -v of every kind, --volumes-from, --mount', async () => {
  await cli().run(['run', '--name', 'one', '-v', 'shared:/s', '-v', '/anon', 'busybox', 'sh', '-c', 'echo hi > /s/f']);
  assert.equal(await cli().ok('run --rm --volumes-from one:ro busybox cat /s/f'), 'hi');
  assert.equal(await cli().ok('run --rm --mount src=shared,dst=/m,ro busybox cat /m/f'), 'hi');
  assert.equal(await cli().ok('run --rm --mount type=image,src=busybox,dst=/i busybox ls -d /i/bin'), '/i/bin');
  assert.equal(await cli().ok('run --rm --tmpfs /t:size=1m busybox stat -f -c %T /t'), 'tmpfs');
  assert.equal((await cli().ok('volume ls -q')).split('\n').length, 2);
  await cli().ok('rm -v one');
  assert.equal(await cli().ok('volume ls -q'), 'shared');
  const { code, stderr } = await cli().tdctl('run --volume-driver odd -v x:/x busybox true');
  assert.equal(code, 125);
  assert.match(stderr, /create x: volume name is too short|plugin "odd" not found/);
  await cli().ok('volume rm shared');
});

test('run: idmap, by -v and by --mount', async () => {
  const directory = join(cli().engine.daemon!.home, 'theirs');
  mkdirSync(directory);
  chownSync(directory, 4321, 4322);
  await cli().ok(`run --rm -v ${directory}:/d:idmap busybox touch /d/root`);
  await cli().ok(`run --rm -u 5:6 --mount type=bind,src=${directory},dst=/d,idmap busybox touch /d/five`);
  for (const name of ['root', 'five']) {
    const { uid, gid } = statSync(join(directory, name));
    assert.deepEqual([uid, gid], [4321, 4322], name);
  }
});

test('prune asks, and does nothing without a yes', async () => {
  const volume = await cli().ok('volume create');
  await cli().ok('create --name old busybox true');
  const asked = await cli().tdctl('volume prune', { input: 'n\n' });
  const question = 'Are you sure you want to continue? [y/N] ';
  assert.deepEqual(asked, {
    code: 0,
    stdout: `WARNING! This will remove anonymous local volumes not used by at least one container.\n${question}`,
    stderr: '',
  });
  for (const input of ['', 'yes\n', 'no']) await cli().tdctl('system prune --volumes', { input });
  assert.equal(await cli().ok('volume ls -q'), volume);
  assert.match(
    (await cli().tdctl('system prune -a --volumes --filter label=x', { input: 'n\n' })).stdout,
    /^WARNING! This will remove:\n(?: {2}- .*\n){5}\n {2}Items to be pruned will be filtered with:\n {2}- label=x\n\nAre you/,
  );
  const { stdout } = await cli().tdctl('container prune', { input: 'y\n' });
  assert.match(stdout, /\[y\/N\] Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$/);
  assert.equal(await cli().ok('volume prune -f'), `Deleted Volumes:\n${volume}\n\nTotal reclaimed space: 0B`);
  assert.equal(await cli().ok('system prune -f --volumes'), 'Total reclaimed space: 0B');
  assert.equal(await cli().ok('image prune -f'), 'Total reclaimed space: 0B');
  const failed = await cli().tdctl('system prune -f --volumes --filter until=1h');
  assert.deepEqual([failed.code, failed.stderr], [1, 'ERROR: The "until" filter is not supported with "--volumes"\n']);
});

test('system df, in sum and in detail', async () => {
  await cli().run(['run', '--name', 'big', '-v', 'vol:/x', 'busybox', 'sh', '-c', 'head -c 50000 /dev/zero > /x/f']);
  const [heading, ...rows] = (await cli().ok('system df')).split('\n');
  assert.equal(heading, 'TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE');
  assert.match(rows[0]!, /^Images {10}1 {9}1 {9}\d[\d.]+MB +0B \(0%\)$/);
  assert.equal(rows[1], 'Containers      1         0         0B        0B');
  assert.equal(rows[2], 'Local Volumes   1         1         50kB      0B (0%)');
  assert.equal(rows[3], 'Build Cache     0         0         0B        0B');
  assert.equal(
    await cli().ok(['system', 'df', '--format', '{{.Type}}:{{.TotalCount}}']),
    'Images:1\nContainers:1\nLocal Volumes:1\nBuild Cache:0',
  );
  const verbose = await cli().ok('system df -v');
  assert.match(
    verbose,
    /^Images space usage:\n\nREPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n/,
  );
  assert.match(verbose, /\nLocal Volumes space usage:\n\nVOLUME NAME +LINKS +SIZE\nvol +1 +50kB\n/);
  await cli().ok('rm big');
  await cli().ok('volume rm vol');
});

test('inspect finds a volume by its name', async () => {
  await cli().ok('volume create to-inspect');
  assert.equal(await cli().ok(['inspect', '-f', '{{.Driver}} {{.Name}}', 'to-inspect']), 'local to-inspect');
  assert.equal(await cli().ok('inspect --type volume to-inspect'), await cli().ok('volume inspect to-inspect'));
  assert.equal((await cli().tdctl('inspect --type container to-inspect')).code, 1);
  await cli().ok('volume rm to-inspect');
});
