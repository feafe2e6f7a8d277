import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerInspect } from '../helpers/types.js';
import { until } from '../helpers/until.js';
import { withDaemon } from './cli.js';

const cli = withDaemon();
const inspect = async (name: string): Promise<ContainerInspect> =>
  JSON.parse(await cli().ok(`inspect ${name}`))[0] as ContainerInspect;

test('restart: stops, starts, prints the name; both spellings', async () => {
  await cli().ok('run -d --name re --stop-signal KILL busybox sleep 1000');
  const before = (await inspect('re')).State.Pid;
  assert.equal(await cli().ok('restart -t 5 re'), 're');
  assert.equal(await cli().ok('container restart -s KILL re'), 're');
  const { State } = await inspect('re');
  assert.equal(State.Running, true);
  assert.notEqual(State.Pid, before);
  assert.deepEqual(await cli().tdctl('restart re nosuch'), {
    ...{ code: 1, stdout: 're\n', stderr: 'Error response from daemon: No such container: nosuch\n' },
  });
});

test('rename', async () => {
  await cli().ok('create --name before busybox true');
  assert.equal(await cli().ok('rename before after'), '');
  assert.equal((await inspect('after')).Name, '/after');
  assert.match((await cli().tdctl('rename after re')).stderr, /^Error response from daemon: .*already in use/);
  assert.match((await cli().tdctl('rename after')).stderr, /requires 2 arguments/);
});

test('port: nothing is published yet', async () => {
  await cli().ok('create --name ports busybox true');
  assert.equal(await cli().ok('port ports'), '');
  assert.deepEqual(await cli().tdctl('port ports 80'), {
    ...{ code: 1, stdout: '', stderr: "Error: No public port '80' published for ports\n" },
  });
});

test('--restart: the policy, and what is none', async () => {
  await cli().ok('run -d --name pol --restart on-failure:1 busybox sh -c false');
  await until('it has been tried twice', async () => {
    const { RestartCount, State } = await inspect('pol');
    return RestartCount === 1 && State.Status === 'exited';
  });
  await cli().ok('run -d --name loop --restart always busybox false');
  await until('ps says so', async () => (await cli().ok('ps')).includes('Restarting (1) '));
  assert.equal(await cli().ok('stop loop'), 'loop');
  assert.match(await cli().ok('ps -a --filter name=loop'), /Exited \(1\)/);
  const refused = async (flags: string, message: string) => {
    const { code, stderr } = await cli().tdctl(`create ${flags} busybox true`);
    assert.equal(code, 125);
    assert.equal(stderr.split('\n')[0], `tdctl: ${message}`);
  };
  await refused('--restart on-failure:x', 'invalid restart policy format: maximum retry count must be an integer');
  await refused('--restart :1', 'invalid restart policy format: no policy provided before colon');
  await refused('--rm --restart always', 'conflicting options: cannot specify both --restart and --rm');
  const { stderr } = await cli().tdctl('create --restart foo busybox true');
  assert.match(stderr, /Error response from daemon: invalid restart policy: unknown policy 'foo'/);
});

test('--health-...: asked for, shown, and what contradicts itself', async () => {
  const flags = '--health-interval 50ms --health-retries 1 --health-timeout 3s --health-start-period 1ms';
  await cli().ok([
    'run',
    '-d',
    '--name',
    'hl',
    '--health-cmd',
    'test -e /',
    ...flags.split(' '),
    'busybox',
    'sleep',
    '99',
  ]);
  await until('ps says so', async () => (await cli().ok('ps --filter health=healthy')).includes('(healthy)'));
  assert.deepEqual((await inspect('hl')).Config.Healthcheck, {
    ...{ Test: ['CMD-SHELL', 'test -e /'], Interval: 50_000_000, Timeout: 3_000_000_000 },
    ...{ StartPeriod: 1_000_000, Retries: 1 },
  });
  await cli().ok('create --name hn --no-healthcheck busybox true');
  assert.deepEqual((await inspect('hn')).Config.Healthcheck, { Test: ['NONE'] });
  const { code, stderr } = await cli().tdctl('create --no-healthcheck --health-cmd x busybox true');
  assert.equal(code, 125);
  assert.match(stderr, /^tdctl: --no-healthcheck conflicts with --health-\* options\n/);
  assert.match((await cli().tdctl('create --health-retries -1 busybox')).stderr, /--health-retries cannot be negative/);
});
