import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { busyboxTar } from '../helpers/paths.js';
import { withDaemon } from './cli.js';

let up = '';
let down = '';

const cli = withDaemon(async (engine) => {
  up = await engine.ok([
    'run',
    '-d',
    '--name',
    'up',
    '-l',
    'app=web',
    'busybox',
    'sh',
    '-c',
    'while :; do sleep 1; done',
  ]);
  down = await engine.ok('create --name down busybox true');
});

test('ps in columns as docker prints them', async () => {
  const short = await cli().ok('ps');
  const lines = short.split('\n');
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /^CONTAINER ID {3}IMAGE {5}COMMAND {18}CREATED +STATUS +PORTS {5}NAMES$/);
  assert.match(lines[1]!, new RegExp(`^${up.slice(0, 12)} {3}busybox {3}"sh -c 'while :; do …" +.* ago +Up .* +up$`));
  assert.equal((await cli().ok('ps -a')).split('\n').length, 3);
  assert.equal(await cli().ok('container ls -q'), await cli().ok('ps -q'));
  assert.match(
    await cli().ok('ps --no-trunc'),
    new RegExp(`^${up} +busybox +"sh -c 'while :; do sleep 1; done'"`, 'm'),
  );
});

test('ps -q, filters and formats', async () => {
  assert.equal(await cli().ok('ps -aq --no-trunc'), `${down}\n${up}`);
  assert.equal(await cli().ok('ps -lq'), down.slice(0, 12));
  assert.equal(await cli().ok(['ps', '-a', '-f', 'label=app=web', '--format', '{{.Names}}']), 'up');
  assert.equal(await cli().ok(['ps', '-a', '-f', 'status=created', '--format', '{{.Names}}']), 'down');
  assert.equal(await cli().ok(['ps', '--format', '{{.Label "app"}} {{.State}} {{.Networks}}']), 'web running none');
  const table = ['ps', '-a', '--format', 'table {{.Names}}\\t{{.State}}'];
  assert.equal(await cli().ok(table), 'NAMES     STATE\ndown      created\nup        running');
  const json = (await cli().ok('ps -a --format json')).split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(
    json.map(({ ID, Names, Image, State }) => [ID, Names, Image, State]),
    [
      [down.slice(0, 12), 'down', 'busybox', 'created'],
      [up.slice(0, 12), 'up', 'busybox', 'running'],
    ],
  );
  assert.deepEqual(await cli().tdctl('ps -f foo=bar'), {
    ...{ code: 1, stdout: '', stderr: "Error response from daemon: invalid filter 'foo'\n" },
  });
});

test('inspect: JSON as it is, values by template, what is not there', async () => {
  const [container] = JSON.parse(await cli().ok('inspect up'));
  assert.equal(container.Id, up);
  assert.match(await cli().ok('inspect up'), /^\[\n {4}\{\n {8}"Id": "/);
  const format =
    '{{.State.Status}} {{.Config.Labels}} {{index .Config.Cmd 0}} {{.HostConfig.Binds}} {{json .Config.Labels}}';
  assert.equal(await cli().ok(['inspect', '-f', format, 'up']), 'running map[app:web] sh [] {"app":"web"}');
  const image = await cli().ok(['inspect', '-f', '{{.RepoTags}}', 'busybox']);
  assert.equal(image, '[busybox:latest]');
  assert.equal(await cli().ok(['image', 'inspect', '-f', '{{.RepoTags}}', 'busybox']), image);
  assert.deepEqual(await cli().run(['inspect', '-f', '{{.Name}}', 'up', 'nosuch']), {
    ...{ code: 1, stdout: '/up\n', stderr: 'Error: No such object: nosuch\n' },
  });
  assert.equal((await cli().tdctl('inspect --type image up')).code, 1);
  assert.deepEqual(await cli().tdctl('container inspect nosuch'), {
    ...{ code: 1, stdout: '[]\n', stderr: 'Error response from daemon: No such container: nosuch\n' },
  });
});

test('images, tag, rmi and load', async () => {
  const id = await cli().ok('images -q');
  assert.match(id, /^[0-9a-f]{12}$/);
  const lines = (await cli().ok('images')).split('\n');
  assert.match(lines[0]!, /^REPOSITORY {3}TAG {7}IMAGE ID {7}CREATED +SIZE$/);
  assert.match(lines[1]!, new RegExp(`^busybox {6}latest {4}${id} {3}.* ago +\\d[\\d.]*MB$`));
  await cli().ok('tag busybox other:1.0');
  assert.equal(await cli().ok(['images', '--format', '{{.Repository}}:{{.Tag}}', 'other']), 'other:1.0');
  assert.equal(await cli().ok('rmi other:1.0'), 'Untagged: other:1.0');
  assert.equal((await cli().tdctl('tag busybox A')).code, 1);
  assert.deepEqual(await cli().tdctl('rmi nosuch'), {
    ...{ code: 1, stdout: '', stderr: 'Error response from daemon: No such image: nosuch:latest\n' },
  });
  assert.equal(await cli().ok(`load -i ${busyboxTar()}`), 'Loaded image: busybox:latest');
  assert.equal(await cli().ok('load', { input: readFileSync(busyboxTar()) }), 'Loaded image: busybox:latest');
  assert.deepEqual(await cli().tdctl('load -i /nonexistent'), {
    ...{ code: 1, stdout: '', stderr: 'open /nonexistent: no such file or directory\n' },
  });
  assert.equal((await cli().tdctl('load', { input: 'no archive' })).code, 1);
});

test('the history of an image', async () => {
  const [heading, line, ...more] = (await cli().ok('history busybox')).split('\n');
  assert.match(heading!, /^IMAGE {10}CREATED +CREATED BY +SIZE +COMMENT$/);
  assert.match(line!, /^[0-9a-f]{12} {3}(N\/A|.* ago) +\S.* +\d[\d.]*MB /);
  assert.deepEqual(more, []);
  assert.equal(await cli().ok('image history -q busybox'), await cli().ok('images -q'));
  assert.match(
    await cli().ok(['history', '--human=false', '--format', '{{.CreatedAt}} {{.Size}}', 'busybox']),
    /^\d{4}-.*Z \d+$/,
  );
  const { code, stderr } = await cli().tdctl('history nosuch');
  assert.deepEqual([code, stderr], [1, 'Error response from daemon: No such image: nosuch:latest\n']);
});
