import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDaemon } from './cli.js';

const cli = withDaemon(async (cli) => {
  await cli.ok('run -d --name one -m 64m busybox sleep 1000');
  await cli.ok('create --name idle busybox true');
});

test('once: a table of what runs, of all, and of those that are named', async () => {
  const [heading, ...rows] = (await cli().ok('stats --no-stream')).split('\n');
  assert.equal(heading, 'CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O   PIDS');
  assert.match(rows.join('\n'), /^[0-9a-f]{12} {3}one +\d+\.\d\d% +\S+ \/ 64MiB +\d+\.\d\d% +0B \/ 0B +\S+ \/ \S+ +1$/);
  const format = ['--format', '{{.Name}} {{.PIDs}}'];
  assert.deepEqual((await cli().ok(['stats', '-a', '--no-stream', ...format])).split('\n').sort(), ['idle 0', 'one 1']);
  assert.equal(await cli().ok(['container', 'stats', '--no-stream', ...format, 'idle', 'one']), 'idle 0\none 1');
  const json = JSON.parse(await cli().ok('stats --no-stream --format json one')) as Record<string, string>;
  assert.deepEqual(Object.keys(json), 'BlockIO CPUPerc Container ID MemPerc MemUsage Name NetIO PIDs'.split(' '));
  assert.equal(json.Container, 'one');
});

test('one that is not there does not keep the others from being shown', async () => {
  const { code, stdout, stderr } = await cli().tdctl('stats --no-stream --format {{.Name}} one nosuch');
  assert.deepEqual([code, stdout, stderr], [1, 'one\n', 'Error response from daemon: No such container: nosuch\n']);
  assert.deepEqual(await cli().tdctl('stats nosuch'), {
    ...{ code: 1, stdout: '', stderr: 'Error response from daemon: No such container: nosuch\n' },
  });
  assert.equal((await cli().tdctl('stats --format {{.Foo one')).code, 1);
});

test('a stream ends with its container; without names it shows who comes and goes', async () => {
  await cli().ok('run -d --name gone busybox sleep 1000');
  const named = cli().start(['stats', '--format', '{{.Name}} {{.PIDs}}', 'gone']);
  const all = cli().start(['stats', '--format', '<{{.Name}}>']);
  await named.shows('gone 1');
  await all.shows('<gone>');
  await cli().ok('run -d --name come busybox sleep 1000');
  await all.shows('<come>');
  await cli().ok('rm -f gone');
  assert.equal((await named.end()).code, 0);
  all.process.kill('SIGINT');
  await all.end();
});

test('on a terminal the table stays in one place', async () => {
  const screen = cli().terminal(['stats', 'one']);
  await screen.shows('\x1b[H');
  await screen.shows('MEM USAGE / LIMIT');
  await screen.shows('64MiB');
  screen.process.stdin.write('\x03');
  await screen.end();
});
