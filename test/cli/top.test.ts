import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDaemon } from './cli.js';

const cli = withDaemon(async (cli) => {
  await cli.ok('run -d --name one busybox sleep 1000');
});

test('top: a table, with the columns of ps that are asked for', async () => {
  const [heading, row, ...more] = (await cli().ok('top one')).split('\n');
  const columns = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];
  assert.equal(
    heading,
    columns
      .map((title) => title.padEnd(20))
      .join('')
      .trimEnd(),
  );
  assert.match(row!, /^root {16}\d+ +\d+ +\d+ +\d\d:\d\d +\? {19}00:00:00 {12}sleep 1000$/);
  assert.deepEqual(more, []);
  assert.match(await cli().ok('container top one -o pid,comm'), /^PID {17}COMMAND\n\d+ +sleep$/);
  assert.deepEqual(await cli().tdctl('top one -o comm'), {
    ...{ code: 1, stdout: '', stderr: "Error response from daemon: Couldn't find PID field in ps output\n" },
  });
});
