import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDaemon } from './cli.js';

const cli = withDaemon();

test('logs --details: what the log driver was asked to keep', async () => {
  const options = ['--log-opt', 'labels=a', '--log-opt', 'env=V', '--log-opt', 'tag={{.Name}}'];
  await cli().ok(['run', '--name', 'details', '-l', 'a=b c', '-e', 'V=1', ...options, 'busybox', 'echo', 'hi']);
  assert.equal(await cli().ok('logs details'), 'hi');
  assert.equal(await cli().ok('logs --details details'), 'V=1,a=b+c,tag=details hi');
  assert.match(await cli().ok('container logs --details -t details'), /^\S{30} V=1,a=b\+c,tag=details hi$/);
});

test('run --log-driver, --log-opt: honoured, or refused with a sentence', async () => {
  await cli().ok('run --name compact --log-driver local --log-opt max-size=1m busybox echo hi');
  assert.equal(await cli().ok('inspect -f {{.HostConfig.LogConfig.Type}} compact'), 'local');
  assert.equal(await cli().ok('logs compact'), 'hi');
  const none = await cli().tdctl('run --log-driver none --log-opt a=b busybox true');
  assert.deepEqual([none.code, none.stdout], [125, '']);
  assert.match(none.stderr, /invalid logging opts for driver none/);
  const odd = await cli().tdctl('create --log-opt odd=1 busybox true');
  assert.equal(odd.code, 1);
  assert.match(odd.stderr, /unknown log opt 'odd' for json-file log driver/);
  assert.match((await cli().tdctl('create --log-opt odd busybox true')).stderr, /odd is not a key=value pair/);
  await cli().ok('run --name silent --log-driver none busybox echo hi');
  assert.deepEqual(await cli().tdctl('logs silent'), {
    ...{ code: 1, stdout: '' },
    stderr: 'Error response from daemon: configured logging driver does not support reading\n',
  });
});

test('logs --since, --until: durations, dates, seconds; anything else is refused', async () => {
  await cli().ok([
    'run',
    '--name',
    'times',
    'busybox',
    'sh',
    '-c',
    'echo 1; usleep 20000; echo 2; usleep 20000; echo 3',
  ]);
  const stamp = (await cli().ok('logs -t times')).split('\n')[1]!.split(' ')[0]!;
  assert.equal(await cli().ok(['logs', '--since', stamp, 'times']), '2\n3');
  assert.equal(await cli().ok(['logs', '--until', stamp, 'times']), '1\n2');
  const seconds = `${Math.floor(Date.parse(stamp) / 1000)}.${stamp.slice(20, 29)}`;
  assert.equal(await cli().ok(['logs', '--since', seconds, '--until', seconds, 'times']), '2');
  assert.equal(await cli().ok('logs --since 1h30m -n 2 times'), '2\n3');
  for (const tail of ['all', '-1', 'x']) assert.equal(await cli().ok(`logs --tail ${tail} times`), '1\n2\n3');
  const bad = await cli().tdctl('logs --since yesterday times');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /invalid value for "since": failed to parse value as time or duration: "yesterday"/);
});
