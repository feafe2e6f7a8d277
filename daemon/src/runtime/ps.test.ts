import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProcess } from '../kernel/proc.js';
import { parseNames } from './host-names.js';
import { clock, type PsContext, type PsProcess, psColumns, psTable, startedAt, terminalName } from './ps-columns.js';
import { parsePs } from './ps-host.js';

const STAT =
  '42 (a) b (c) S 7 42 42 34817 42 4194560 100 0 0 0 150 50 0 0 20 0 3 0 1000 2322432 300 18446744073709551615 ' +
  '1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0';
const STATUS = 'Name:\ta) b (c\nUid:\t0\t1000\t0\t0\nGid:\t0\t1001\t0\t0\nVmLck:\t       0 kB\nVmRSS:\t    1200 kB\n';

const facts: PsProcess = { ...parseProcess(STAT, STATUS), args: ['sleep', '10 0\n', 'x'] };
const NOON = new Date(2026, 2, 14, 12, 0, 0).getTime() / 1000;
const context: PsContext = {
  ...{ now: NOON + 100, bootTime: NOON - 10, hertz: 100, memory: 12_000 },
  userName: (uid) => (uid === 1000 ? 'somebodyelse' : String(uid)),
  groupName: (gid) => `group${gid}`,
};
const row = (args: string) => psTable(psColumns(args.split(' '))!, [facts], context);

test('a process’s files, its name in parentheses whatever it holds', () => {
  const { comm, state, ppid, ticks, threads, startTicks, resident, uid, gid, processor } = facts;
  assert.deepEqual(
    [comm, state, ppid, ticks, threads, startTicks, resident, uid, gid, processor],
    ['a) b (c', 'S', 7, 200, 3, 1000, 1200, 1000, 1001, 1],
  );
});

test('Docker’s columns', () => {
  assert.deepEqual(row('-ef'), {
    Titles: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'],
    Processes: [['somebod+', '42', '7', '2', '12:00', 'pts/1', '00:00:02', 'sleep 10 0? x']],
  });
});

test('those of BSD', () => {
  assert.deepEqual(row('aux').Titles.join(' '), 'USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND');
  const cells = ['somebod+', '42', '2.0', '10.0', '2268', '1200', 'pts/1', 'Ssl+', '12:00', '0:02', 'sleep 10 0? x'];
  assert.deepEqual(row('aux').Processes, [cells]);
});

test('those that are asked for', () => {
  assert.deepEqual(row('-o pid,comm,nlwp,etime,gid'), {
    Titles: ['PID', 'COMMAND', 'NLWP', 'ELAPSED', 'GID'],
    Processes: [['42', 'a) b (c', '3', '01:40', '1001']],
  });
  for (const words of ['-C foo', '-o pid=X', '-o pid,nosuch', '-o toString', '-ef --sort pid', '-L', '-o pid -o comm'])
    assert.equal(psColumns(words.split(' ')), undefined, words);
  assert.equal(psColumns([])!.length, 8);
});

test('a command that cannot be read, a kernel thread, a zombie', () => {
  const shown = (change: Partial<PsProcess>) =>
    psTable(psColumns(['-o', 'args'])!, [{ ...facts, comm: 'name', ...change }], context).Processes[0]![0];
  assert.equal(shown({ args: undefined }), '[name]');
  assert.equal(shown({ args: [''] }), '[name]');
  assert.equal(shown({ args: [''], state: 'Z' }), '[name] <defunct>');
});

test('rows are in the order of their pids', () => {
  const rows = psTable(
    psColumns(['-o', 'pid'])!,
    [
      { ...facts, pid: 9 },
      { ...facts, pid: 10 },
      { ...facts, pid: 1 },
    ],
    context,
  );
  assert.deepEqual(rows.Processes, [['1'], ['9'], ['10']]);
});

test('times and terminals, as ps writes them', () => {
  assert.deepEqual([clock(5), clock(3661), clock(90_061)], ['00:00:05', '01:01:01', '1-01:01:01']);
  assert.equal(startedAt(NOON - 3 * 86_400, NOON), 'Mar11');
  assert.equal(startedAt(NOON - 400 * 86_400, NOON), '2025');
  assert.deepEqual([0, 0x8803, 0x0401, 0x0440].map(terminalName), ['?', 'pts/3', 'tty1', 'ttyS0']);
});

test('the host’s names: the first of a number counts', () => {
  assert.deepEqual(
    [...parseNames('root:x:0:0\ntoor:x:0:0\n\nbad\n:x:5\nu:x:1000:\n')],
    [
      [0, 'root'],
      [1000, 'u'],
    ],
  );
});

test('output of the host’s ps: only the processes meant, the last column whole, threads under their process', () => {
  const output = '  PID TTY CMD\n    1 ?   init\n   42 ?   sleep  100 x\n    - -   -\n  100 ?   other\n    - -   -\n\n';
  assert.deepEqual(parsePs(output, new Set([42])), {
    Titles: ['PID', 'TTY', 'CMD'],
    Processes: [
      ['42', '?', 'sleep 100 x'],
      ['-', '-', '-'],
    ],
  });
  assert.throws(() => parsePs('COMMAND\nx\n', new Set()), { message: "Couldn't find PID field in ps output" });
  assert.throws(() => parsePs('PID\nx\n', new Set()), { message: /^Unexpected pid 'x'/ });
});
