import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDaemon } from './cli.js';

const cli = withDaemon();

const hostConfig = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await cli().ok(['inspect', '-f', '{{json .HostConfig}}', name])) as Record<string, unknown>;

test('what the flags of run and create say is what inspect shows', async () => {
  const flags = [
    ...['--device', '/dev/null:/dev/mine:r', '--device-cgroup-rule', 'c 1:11 r', '--cgroup-parent', '/some/where'],
    ...['--device-read-bps', '/dev/null:1mb', '--device-write-bps', '/dev/null:2mb'],
    ...['--device-read-iops', '/dev/null:3', '--device-write-iops', '/dev/null:4'],
    ...['--ulimit', 'nofile=10:20', '--oom-score-adj', '7', '--pids-limit', '9'],
  ];
  await cli().ok(['create', '--name', 'asked', ...flags, 'busybox', 'true']);
  const shown = await hostConfig('asked');
  const rate = (Rate: number) => [{ Path: '/dev/null', Rate }];
  const expected = {
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'r' }],
    DeviceCgroupRules: ['c 1:11 r'],
    CgroupParent: '/some/where',
    BlkioDeviceReadBps: rate(2 ** 20),
    BlkioDeviceWriteBps: rate(2 ** 21),
    BlkioDeviceReadIOps: rate(3),
    BlkioDeviceWriteIOps: rate(4),
    Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }],
    OomScoreAdj: 7,
    PidsLimit: 9,
  };
  for (const [field, value] of Object.entries(expected)) assert.deepEqual(shown[field], value, field);
});

test('a device in the container', async () => {
  assert.equal(
    await cli().ok([
      'run',
      '--rm',
      '--device',
      '/dev/null:/dev/mine',
      'busybox',
      'sh',
      '-c',
      'echo x > /dev/mine; ls /dev/mine',
    ]),
    '/dev/mine',
  );
});

test('what is wrong is said before the daemon is asked', async () => {
  const refused = async (flag: string, value: string, why: string) => {
    const { code, stderr } = await cli().run(['create', flag, value, 'busybox', 'true']);
    assert.equal(code, 125);
    assert.equal(stderr.split('\n')[0], `invalid argument "${value}" for "${flag}" flag: ${why}`);
  };
  await refused('--device', '/dev/a:/dev/b:zz', 'bad mode specified: zz');
  await refused('--device-cgroup-rule', 'zz', "invalid device cgroup format 'zz'");
  await refused('--device-read-bps', '/dev/vda', 'bad format: /dev/vda');
  await refused('--blkio-weight', '70000', 'strconv.ParseUint: parsing "70000": value out of range');
  await refused('--blkio-weight-device', '/dev/vda:5', 'invalid weight for device: /dev/vda:5');
});

test('warnings go to standard error', async () => {
  const { code, stderr } = await cli().run(['create', '--kernel-memory', '4m', 'busybox', 'true']);
  assert.deepEqual(
    [code, stderr],
    [0, 'WARNING: Specifying a kernel memory limit is deprecated and has no effect. Limitation discarded.\n'],
  );
});
