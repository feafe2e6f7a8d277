import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { TDCTL } from '../helpers/paths.js';
import { until } from '../helpers/until.js';
import { withDaemon } from './cli.js';

const cli = withDaemon();
const directory = mkdtempSync(join(tmpdir(), 'tdt-cli-'));
after(() => rmSync(directory, { recursive: true, force: true }));

test('version and info', async () => {
  const version = await cli().ok('version');
  assert.match(
    version,
    /^Client:\n Version: +(\S+)\n[\s\S]*\nServer: .*\n Engine:\n {2}Version: +\1\n {2}API version: +1\.51 \(minimum version 1\.24\)\n/,
  );
  assert.match(await cli().ok(['version', '--format', '{{.Client.Version}} {{.Server.Version}}']), /^(\S+) \1$/);
  assert.equal(JSON.parse(await cli().ok('version --format json')).Server.ApiVersion, '1.51');
  assert.match(await cli().ok('info'), /^ Storage Driver: overlay2?$/m);
  assert.match(await cli().ok(['info', '-f', '{{.NCPU}} {{.OSType}}']), /^\d+ linux$/);
});

test('events: as they happen, of the past, and formatted', async () => {
  const following = cli().start([
    'events',
    '--filter',
    'type=container',
    '--format',
    '{{.Action}} {{.Actor.Attributes.name}}',
  ]);
  // Something is seen only by who listens already: it is done until it is seen.
  const create = async () => {
    await cli().ok('create --name seen busybox true');
    await cli().ok('rm seen');
  };
  const seen = following.shows('create seen\ndestroy seen\n');
  let done = false;
  seen.finally(() => {
    done = true;
  });
  while (!done) await create();
  await seen;
  following.process.kill('SIGINT');
  await following.end();
  const past = await cli().ok('events --since 1m --until 0s --filter container=seen');
  assert.match(past, /^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}\S+ container create [0-9a-f]{64} \(image=busybox, name=seen\)$/m);
  const json = (await cli().ok('events --since 1m --until 0s --format json'))
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(json.some(({ Type, Action }) => Type === 'container' && Action === 'destroy'));
  assert.equal((await cli().tdctl('events --since foo')).code, 1);
});

test('it runs from any directory and through links', async () => {
  const link = join(directory, 'link');
  symlinkSync(TDCTL, link);
  const second = join(directory, 'second');
  symlinkSync(relative(directory, link), second);
  for (const program of [TDCTL, link, second]) {
    assert.equal(await cli().ok('ps -q', { program, cwd: '/' }), '', program);
  }
  assert.equal(await cli().ok('ps -q', { program: './second', cwd: directory }), '');
});

test('the launcher gives the environment on as it is', async () => {
  const env = { NODE_EXTRA_CA_CERTS: '/nonexistent.pem' };
  const { code, stdout, stderr } = await cli().run(['run', '--rm', '-e', 'NODE_EXTRA_CA_CERTS', 'busybox', 'env'], {
    env,
  });
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^NODE_EXTRA_CA_CERTS=\/nonexistent\.pem$/m);
});

test('-H goes before TINYDOCKER_HOST; DOCKER_HOST is not looked at', async () => {
  const env = { TINYDOCKER_HOST: 'unix:///nonexistent', DOCKER_HOST: 'unix:///nonexistent' };
  assert.equal(await cli().ok(['-H', `unix://${cli().socket}`, 'ps', '-q'], { env }), '');
  assert.equal((await cli().tdctl('ps', { env })).code, 1);
});

test('a socket that is refused says which group to join', async () => {
  // The directory is open, the socket is not.
  chmodSync(cli().engine.daemon!.execRoot, 0o755);
  for (const [line, code] of [
    ['ps', 1],
    ['run busybox', 125],
  ] as const) {
    const result = await cli().tdctl(line, { uid: 65534, cwd: '/' });
    assert.equal(result.code, code);
    assert.match(
      result.stderr,
      /permission denied while trying to connect .*usermod -aG tinydocker \$USER.* or use sudo\n$/,
    );
  }
});

/** The output may come before the daemon has answered that the start went well. */
const started = (name: string) =>
  until(`${name} is started`, async () => (await cli().ok(['inspect', '-f', '{{.State.Running}}', name])) === 'true');

test('an attached run outlives its daemon and still gives the exit code', async () => {
  const daemon = cli().engine.daemon!;
  const script = 'echo up; read x; echo on $x; exit 9';
  const running = cli().start(['run', '-i', '--name', 'outlives', 'busybox', 'sh', '-c', script]);
  await running.shows('up\n');
  await started('outlives');
  await daemon.kill9();
  await daemon.launch();
  running.process.stdin.end('again\n');
  assert.deepEqual(await running.end(), { code: 9, stdout: 'up\non again\n', stderr: '' });
});

test('a daemon that is away while a run ends: one sentence, 125', async () => {
  const daemon = cli().engine.daemon!;
  const running = cli().start(['run', '-i', '--name', 'alone', 'busybox', 'sh', '-c', 'echo up; read x']);
  await running.shows('up\n');
  await started('alone');
  await daemon.kill9();
  running.process.stdin.end('\n');
  const { code, stderr } = await running.end();
  assert.equal(code, 125);
  assert.match(stderr, /^tdctl: lost the connection to the tinydocker daemon at [^\n]+\n$/);
  await daemon.launch();
  assert.equal(await cli().ok('wait alone'), '0');
});
