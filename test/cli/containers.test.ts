import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDaemon } from './cli.js';

const cli = withDaemon();

test('create, start, stop, wait, rm: each prints what it was given', async () => {
  const id = await cli().ok('create --name one busybox sleep 1000');
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await cli().ok('start one'), 'one');
  const waiting = cli().run(['wait', 'one']);
  assert.equal(await cli().ok('stop -t 0 one'), 'one');
  assert.deepEqual(await waiting, { code: 0, stdout: '137\n', stderr: '' });
  assert.equal(await cli().ok(`rm ${id.slice(0, 12)}`), id.slice(0, 12));
});

test('several at once: what fails is named and keeps the others from nothing', async () => {
  await cli().ok('create --name aa busybox true');
  await cli().ok('create --name bb busybox true');
  assert.deepEqual(await cli().tdctl('start aa nosuch bb'), {
    code: 1,
    stdout: 'aa\nbb\n',
    stderr: 'Error response from daemon: No such container: nosuch\nError: failed to start containers: nosuch\n',
  });
  assert.equal(await cli().ok('wait aa bb'), '0\n0');
  assert.deepEqual(await cli().tdctl('rm aa nosuch bb'), {
    ...{ code: 1, stdout: 'aa\nbb\n', stderr: 'Error response from daemon: No such container: nosuch\n' },
  });
});

test('start -a shows the output and gives the exit code', async () => {
  await cli().ok(['create', '--name', 'again', 'busybox', 'sh', '-c', 'echo hi; exit 3']);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await cli().tdctl('start -a again'), { code: 3, stdout: 'hi\n', stderr: '' });
  }
  await cli().ok('create -i --name reader busybox cat');
  assert.equal(await cli().ok('start -ai reader', { input: 'abc' }), 'abc');
  await cli().ok('rm again reader');
});

test('kill, and rm of what runs', async () => {
  const script = 'trap "exit 5" HUP; echo up; while :; do sleep 0.02; done';
  const running = cli().start(['run', '--name', 'kk', 'busybox', 'sh', '-c', script]);
  await running.shows('up\n');
  const refused = await cli().tdctl('rm kk');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /container is running: stop the container before removing or force remove/);
  assert.equal(await cli().ok('kill -s HUP kk'), 'kk');
  assert.equal((await running.end()).code, 5);
  assert.equal((await cli().tdctl('kill kk')).code, 1);
  assert.equal(await cli().ok('rm -f kk'), 'kk');
  assert.deepEqual(await cli().tdctl('rm -f kk'), {
    ...{ code: 0, stdout: '', stderr: 'Error response from daemon: No such container: kk\n' },
  });
});

test('attach follows one that runs, and refuses one that does not', async () => {
  await cli().ok(['run', '-di', '--name', 'att', 'busybox', 'sh', '-c', 'read x; echo got $x; exit 4']);
  const attached = cli().start(['attach', 'att']);
  // As with docker, who closes the input that others may use later hears no more of the output.
  await attached.type('hello\n', 'got hello\n');
  assert.deepEqual(await attached.end(), { code: 4, stdout: 'got hello\n', stderr: '' });
  assert.deepEqual(await cli().tdctl('attach att'), {
    ...{ code: 1, stdout: '', stderr: 'You cannot attach to a stopped container, start it first\n' },
  });
  await cli().ok('rm att');
});

test('exec: streams, exit codes, environment, directory, user', async () => {
  await cli().ok('run -d --name ex busybox sleep 1000');
  const exec = (...args: string[]) => cli().run(['exec', ...args]);
  assert.deepEqual(await exec('ex', 'sh', '-c', 'echo o; echo e >&2; exit 6'), {
    code: 6,
    stdout: 'o\n',
    stderr: 'e\n',
  });
  assert.equal(
    (await exec('-e', 'A=b', '-w', '/tmp', '-u', '5', 'ex', 'sh', '-c', 'echo $A; pwd; id -u')).stdout,
    'b\n/tmp\n5\n',
  );
  assert.equal((await cli().run(['exec', '-i', 'ex', 'wc', '-c'], { input: 'x'.repeat(200_000) })).stdout, '200000\n');
  assert.deepEqual(await exec('-d', 'ex', 'touch', '/made'), { code: 0, stdout: '', stderr: '' });
  assert.equal((await exec('ex', 'ls', '--', '-x')).code, 1, 'flags after the container are not ours');
  const missing = await exec('ex', 'nosuch');
  assert.equal(missing.code, 127);
  assert.match(missing.stdout + missing.stderr, /"nosuch": executable file not found in \$PATH/);
  assert.equal((await exec('ex', '/etc')).code, 126);
  assert.deepEqual(await exec('nosuch', 'ls'), {
    ...{ code: 1, stdout: '', stderr: 'Error response from daemon: No such container: nosuch\n' },
  });
  await cli().ok('rm -f ex');
});

test('logs: both streams apart, the last lines, times, and following to the end', async () => {
  const script = 'echo 1; echo 2; echo e >&2; until [ -e /go ]; do sleep 0.02; done; echo 3';
  await cli().ok(['run', '-d', '--name', 'log', 'busybox', 'sh', '-c', script]);
  const following = cli().start(['logs', '-f', 'log']);
  await following.shows('1\n2\n');
  await cli().ok('exec log touch /go');
  assert.deepEqual(await following.end(), { code: 0, stdout: '1\n2\n3\n', stderr: 'e\n' });
  assert.equal((await cli().tdctl('logs -n 1 log')).stdout, '3\n');
  assert.match((await cli().tdctl('logs -t --tail 1 log')).stdout, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 3\n$/);
  assert.equal((await cli().tdctl('logs --since 1h log')).stdout, '1\n2\n3\n');
  assert.equal((await cli().tdctl('logs --until 1h log')).stdout, '');
  assert.equal((await cli().tdctl('logs nosuch')).code, 1);
  await cli().ok('rm log');
});

test('steps: every kernel operation of the start', async () => {
  await cli().ok('run --name st busybox true');
  const lines = (await cli().ok('steps st')).split('\n');
  assert.match(lines[0]!, /^ACTOR +STEP +ARGUMENTS +AT µs +µs +ERRNO$/);
  assert.ok(lines.some((line) => /^init +mount +overlay on /.test(line)));
  assert.ok(lines.some((line) => /^shim +clone3? /.test(line)));
  assert.match(await cli().ok(['steps', '--format', '{{.Actor}} {{.Duration}}', 'st']), /^init \d+\.\d$/m);
  await cli().ok('rm st');
});
