import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Exec, ExecTable } from './execs.js';

const exec = (id: string, more: Partial<Exec> = {}): Exec => ({
  id,
  containerId: 'c',
  config: {},
  started: true,
  running: false,
  pid: 0,
  exitCode: null,
  idleSince: performance.now(),
  ...more,
});

test('execs that ended long ago are forgotten when another comes, running ones are not', () => {
  const table = new ExecTable();
  const longAgo = performance.now() - 3_600_000;
  table.add(exec('old', { idleSince: longAgo }));
  table.add(exec('running', { idleSince: longAgo, running: true }));
  table.add(exec('new'));
  assert.deepEqual(
    table.of('c').map((e) => e.id),
    ['running', 'new'],
  );
  assert.equal(table.get('old'), undefined);
});

test('there is a limit to how many are kept', () => {
  const table = new ExecTable();
  for (let i = 0; i < 3000; i++) table.add(exec(String(i)));
  assert.equal(table.of('c').length, 1000);
  assert.ok(table.get('2999') && !table.get('1999'));
});

test('the end of a container ends what ran in it, and forgets what never did', () => {
  const table = new ExecTable();
  table.add(exec('a', { started: true, running: true }));
  table.add(exec('b', { started: true, exitCode: 3 }));
  table.add(exec('never', { started: false }));
  table.endAll('c');
  assert.deepEqual(
    table.of('c').map((e) => [e.running, e.exitCode]),
    [
      [false, 137],
      [false, 3],
    ],
  );
  table.forget('c');
  assert.equal(table.get('a'), undefined);
});
