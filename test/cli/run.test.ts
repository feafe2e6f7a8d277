import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TDCTL } from '../helpers/paths.js';
import { until } from '../helpers/until.js';
import { withDaemon } from './cli.js';

const cli = withDaemon();
const directory = mkdtempSync(join(tmpdir(), 'tdt-cli-'));
chmodSync(directory, 0o755);
after(() => rmSync(directory, { recursive: true, force: true }));

const names = async () => (await cli().ok(['ps', '-a', '--format', '{{.Names}}'])).split('\n');

test('output, error and exit code are those of the command', async () => {
  const result = await cli().run(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
  assert.deepEqual(result, { code: 7, stdout: 'out\n', stderr: 'err\n' });
});

test('all of a long output is there before it ends', async () => {
  const { code, stdout } = await cli().run(['run', '--rm', 'busybox', 'seq', '1', '300000']);
  assert.equal(code, 0);
  assert.ok(stdout.endsWith('\n299999\n300000\n'));
  assert.equal(stdout.length, 1988895);
});

test('standard input reaches the command, and its end too', async () => {
  const input = Buffer.alloc(3_000_000, 'x');
  assert.deepEqual(await cli().run(['run', '--rm', '-i', 'busybox', 'wc', '-c'], { input }), {
    ...{ code: 0, stdout: '3000000\n', stderr: '' },
  });
});

test('without -i standard input is left to others', async () => {
  const { code, stdout } = await cli().run(['run', '--rm', 'busybox', 'cat'], { input: 'not for it' });
  assert.deepEqual([code, stdout], [0, '']);
});

test('a command that cannot run: 127, 126, and 125 for the rest, in docker’s form', async () => {
  const missing = await cli().tdctl('run --rm busybox nosuch');
  assert.equal(missing.code, 127);
  assert.match(
    missing.stderr,
    /^tdctl: Error response from daemon: .*"nosuch": executable file not found in \$PATH\n\nRun 'tdctl run --help' for more information\n$/,
  );
  assert.equal((await cli().tdctl('run --rm busybox /etc')).code, 126);
  assert.equal((await cli().tdctl('run --rm busybox /etc/passwd')).code, 126);
  assert.equal((await cli().tdctl('run --rm -u nosuch busybox true')).code, 125);
  const image = await cli().tdctl('run --rm --pull never nosuch true');
  assert.equal(image.code, 125);
  assert.match(image.stderr, /No such image: nosuch:latest/);
  assert.deepEqual(await names(), [''], 'none of them is left');
});

test('-d prints the id of what goes on by itself', async () => {
  const id = await cli().ok('run -d --name background busybox sleep 1000');
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await cli().ok(['inspect', '-f', '{{.Id}} {{.State.Running}}', 'background']), `${id} true`);
  const failed = await cli().tdctl('run -d --rm busybox nosuch');
  assert.equal(failed.code, 127);
  assert.match(failed.stdout, /^[0-9a-f]{64}\n$/);
  await cli().ok('rm -f background');
});

test('--rm leaves nothing, also of one in the background', async () => {
  await cli().ok('run -d --rm --name gone busybox true');
  await until('the container is gone', async () => !(await names()).includes('gone'));
  await cli().ok('run --rm --name gone busybox true');
  await cli().ok('run --rm --name gone busybox true');
});

test('what the flags say is so', async () => {
  const file = join(directory, 'env');
  writeFileSync(file, 'FROM_FILE=1\nNODE_OPTIONS=--nonsense\n');
  const script =
    'echo $A $FROM_FILE $GIVEN $NODE_OPTIONS; hostname; pwd; id -u; id -G; cat /host/env | head -1; ulimit -n';
  const out = await cli().ok(
    [
      ...['run', '--rm', '-e', 'A=a', '--env-file', file, '-e', 'GIVEN', '-h', 'some-host', '-w', '/tmp', '-u', '7:8'],
      ...['--group-add', '9', '-v', `${directory}:/host:ro`, '--ulimit', 'nofile=77', '--entrypoint', 'sh', 'busybox'],
      ...['-c', script],
    ],
    { env: { GIVEN: 'given' } },
  );
  assert.deepEqual(out.split('\n'), ['a 1 given --nonsense', 'some-host', '/tmp', '7', '8 9', 'FROM_FILE=1', '77']);
});

test('a relative path of -v is one of here', async () => {
  writeFileSync(join(directory, 'here'), 'x');
  assert.equal(await cli().ok('run --rm -v ./:/d busybox ls /d/here', { cwd: directory }), '/d/here');
});

test('limits, labels and the rest are what inspect shows', async () => {
  await cli().ok(
    'create --name shown -m 64m --cpus 0.5 --pids-limit 20 --network none -l a=b --read-only --init --stop-signal INT busybox',
  );
  const format =
    '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.HostConfig.NetworkMode}} {{.Config.Labels.a}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.Init}} {{.Config.StopSignal}}';
  assert.equal(await cli().ok(['inspect', '-f', format, 'shown']), '67108864 500000000 20 none b true true INT');
  await cli().ok('rm shown');
});

test('--cidfile holds the id, and is not taken twice', async () => {
  const file = join(directory, 'cid');
  const id = await cli().ok(`run -d --rm --cidfile ${file} busybox true`);
  assert.equal(readFileSync(file, 'utf8'), id);
  const again = await cli().tdctl(`run --rm --cidfile ${file} busybox true`);
  assert.equal(again.code, 125);
  assert.match(again.stderr, /container ID file found/);
  const none = join(directory, 'none');
  await cli().tdctl(`run --rm --cidfile ${none} nosuch true`);
  assert.equal(existsSync(none), false);
});

test('signals go to the command', async () => {
  const script = 'trap "echo usr1" USR1; trap "echo term; exit 9" TERM; echo up; while :; do sleep 0.05; done';
  const running = cli().start(['run', '--rm', 'busybox', 'sh', '-c', script]);
  await running.shows('up\n');
  running.process.kill('SIGUSR1');
  await running.shows('usr1\n');
  running.process.kill('SIGTERM');
  assert.deepEqual(await running.end(), { code: 9, stdout: 'up\nusr1\nterm\n', stderr: '' });
});

test('a reader that goes away ends tdctl as SIGPIPE does', async () => {
  const running = cli().start(['run', '--rm', '--name', 'endless', 'busybox', 'yes']);
  await running.shows('y\n');
  running.process.stdout.destroy();
  assert.equal((await running.end()).code, 141);
  await cli().ok('rm -f endless');
});

test('a loop that reads its input from a file keeps it', async () => {
  const script = `printf 'a\\nb\\n' | while read line; do ${TDCTL} run --rm busybox echo got $line; done`;
  const env = { ...process.env, TINYDOCKER_HOST: `unix://${cli().socket}` };
  assert.equal(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }), 'got a\ngot b\n');
});

test('conflicting flags', async () => {
  const both = await cli().tdctl('run -d -a stdout busybox');
  assert.deepEqual([both.code, both.stderr], [1, 'conflicting options: cannot specify both --attach and --detach\n']);
  const taken = await cli().tdctl('create --name twice busybox');
  assert.equal(taken.code, 0);
  const second = await cli().tdctl('run --name twice busybox');
  assert.equal(second.code, 125);
  assert.match(second.stderr, /Conflict. The container name "\/twice" is already in use/);
  await cli().ok('rm twice');
});

test('--security-opt systempaths=unconfined: nothing of /proc and /sys is covered, and inspect says so', async () => {
  const below = [
    'sh',
    '-c',
    'cut -d" " -f5 /proc/self/mountinfo | grep -E "^/(proc|sys)/" | grep -v ^/sys/fs/cgroup; true',
  ];
  const mounts = async (...options: string[]) =>
    (await cli().ok(['run', '--rm', ...options, 'busybox', ...below])).split('\n').filter(Boolean);
  const confined = await mounts();
  for (const path of ['/proc/sys', '/proc/timer_list', '/sys/firmware'].filter((name) => existsSync(name)))
    assert.ok(confined.includes(path), path);
  assert.deepEqual(await mounts('--security-opt', 'systempaths=unconfined'), []);
  const id = await cli().ok(['create', '--security-opt', 'systempaths=unconfined', 'busybox', 'true']);
  const paths = await cli().ok([
    'inspect',
    '-f',
    '{{json .HostConfig.MaskedPaths}} {{json .HostConfig.ReadonlyPaths}}',
    id,
  ]);
  assert.equal(paths, '[] []');
  await cli().ok(['rm', id]);
});
