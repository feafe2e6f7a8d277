import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDaemon } from './cli.js';

const cli = withDaemon();

test('pause and unpause: each prints what it was given, and says what cannot be', async () => {
  const id = await cli().ok('run -d --name still busybox sleep 1000');
  assert.equal(await cli().ok('pause still'), 'still');
  assert.equal(await cli().ok(['ps', '--format', '{{.Names}} {{.State}}']), 'still paused');
  assert.deepEqual(await cli().tdctl('container pause still nosuch'), {
    code: 1,
    stdout: '',
    stderr:
      `Error response from daemon: Container ${id} is already paused\n` +
      'Error response from daemon: No such container: nosuch\n',
  });
  assert.equal(await cli().ok('container unpause still'), 'still');
  assert.equal(await cli().ok(['ps', '--format', '{{.State}}']), 'running');
});
