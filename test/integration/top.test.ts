import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { actionsOf } from '../helpers/events.js';

const engine = await Engine.open();
after(() => engine.close());

interface Top {
  Titles: string[];
  Processes: string[][];
}

const get = (id: string, ps_args?: string) => engine.api.get(`/containers/${id}/top`, { ps_args });
const top = (id: string, ps_args?: string) => ok<Top>(get(id, ps_args), 200);
const SCRIPT = 'sleep 601 & exec sleep 602';

describe('top', () => {
  test('the processes of the container and nothing else, with the host’s pids', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', SCRIPT] });
    const { Pid } = (await engine.inspect(id)).State;
    const { Titles, Processes } = await top(id);
    assert.deepEqual(Titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    assert.deepEqual(
      Processes.map((row) => row.at(-1)),
      ['sleep 602', 'sleep 601'],
    );
    const [first, second] = Processes;
    assert.deepEqual([first![0], first![1], first![5]], ['root', String(Pid), '?']);
    assert.equal(second![2], String(Pid), 'the parent of the second is the first');
    assert.match(first![4]!, /^\d\d:\d\d$/);
    assert.match(first![6]!, /^\d\d:\d\d:\d\d$/);
    assert.equal((await actionsOf(engine.api, id)).at(-1), 'top');
  });

  test('users by the host’s names, and terminals', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], User: '54321', Tty: true });
    const [row] = (await top(id)).Processes;
    assert.equal(row![0], '54321');
    assert.match(row![5]!, /^pts\/\d+$/);
  });

  test('forms that we know ourselves and those of the host’s ps say the same', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', SCRIPT] });
    const own = await top(id, '-o pid,ppid,user,nlwp,args');
    // Another order of words for the same, which is not among those forms.
    assert.deepEqual(await top(id, '-o pid -o ppid,user,nlwp,args'), own);
    assert.deepEqual((await top(id, 'aux')).Titles.join(' '), 'USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND');
    assert.deepEqual((await top(id, '-T')).Titles, ['PID', 'SPID', 'TTY', 'TIME', 'CMD']);
    assert.equal((await top(id, '-ef --sort -pid')).Processes.at(-1)!.at(-1), 'sleep 602');
    assert.equal((await top(id, '-eo pid,comm')).Processes.length, 2);
  });

  test('execs are among them, and a paused container is looked at from outside', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    await ok(engine.api.post(`/exec/${await engine.createExec(id, ['sleep', '603'])}/start`, { Detach: true }));
    await ok(engine.api.post(`/containers/${id}/pause`), 204);
    const commands = (await top(id)).Processes.map((row) => row.at(-1));
    assert.deepEqual(commands, ['sleep 600', 'sleep 603']);
    await ok(engine.api.post(`/containers/${id}/unpause`), 204);
  });

  test('a command line that holds anything is one cell', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'sleep 600; :', 'evil\n\u001b[2Jname  PID'] });
    assert.equal((await top(id)).Processes[0]!.at(-1), 'sh -c sleep 600; : evil??[2Jname  PID');
  });

  test('what ps refuses, and what could not be read', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const cases: [args: string, message: string | RegExp][] = [
      ['-o comm', "Couldn't find PID field in ps output"],
      ['-o pid=X,comm', "Couldn't find PID field in ps output"],
      [' -o x=PIDx', 'specifying "x=PIDx" is not allowed'],
      ['-Z+foo', /^ps: error: /],
      ['-o nosuch', /^ps: error: /],
      ['-C nosuch', 'ps: exit status 1'],
    ];
    for (const [args, message] of cases) await refused(get(id, args), 500, message);
  });

  test('arguments are words, never a command line of a shell', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    await refused(get(id, '-ef;touch /tmp/tdt-owned'), 500, /^ps: /);
    await refused(get(id, '-ef $(touch /tmp/tdt-owned)'), 500, /^ps: /);
    assert.ok(!existsSync('/tmp/tdt-owned'));
  });

  test('a container that does not run has none', async () => {
    const id = await engine.create({ Cmd: ['true'] });
    await refused(get(id), 409, `container ${id} is not running`);
    await refused(get('nosuch'), 404, 'No such container: nosuch');
  });
});
