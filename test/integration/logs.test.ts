import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Query, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { followLog } from '../helpers/follow.js';

const engine = await Engine.open();
after(() => engine.close());

const BOTH = { stdout: 1, stderr: 1 };

const follow = (id: string, query: Query = {}) => followLog(engine.api, id, query);

/** Speaks on demand: every line on its input becomes a line of output. */
const ECHO = {
  Cmd: ['sh', '-c', 'while read line; do echo "$line"; test "$line" = end && exit 0; done'],
  OpenStdin: true,
};

describe('logs', () => {
  let ended: string;
  before(async () => {
    ended = await engine.launch({ Cmd: ['sh', '-c', 'for i in 1 2 3 4 5; do echo "out $i"; done; echo "err" >&2'] });
    await engine.wait(ended);
  });

  test('give both streams, or the one asked for', async () => {
    const out = 'out 1\nout 2\nout 3\nout 4\nout 5\n';
    assert.deepEqual(await engine.logs(ended), { stdout: out, stderr: 'err\n' });
    assert.deepEqual(await engine.logs(ended, { stdout: 1 }), { stdout: out, stderr: '' });
    assert.deepEqual(await engine.logs(ended, { stderr: 1 }), { stdout: '', stderr: 'err\n' });
    await refused(engine.api.get(`/containers/${ended}/logs`), 400, /you must choose at least one stream/i);
  });

  test('say what kind of stream they are', async () => {
    const head = async (version: string) =>
      (await engine.api.version(version).get(`/containers/${ended}/logs`, BOTH)).headers['content-type'];
    assert.equal(await head(''), 'application/vnd.docker.multiplexed-stream');
    assert.equal(await head('/v1.41'), 'application/vnd.docker.raw-stream');
  });

  test('tail counts lines from the end', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'for i in 1 2 3 4 5; do echo "out $i"; done'] });
    await engine.wait(id);
    const tail = async (count: string | number) => (await engine.logs(id, { ...BOTH, tail: count })).stdout;
    assert.equal(await tail(2), 'out 4\nout 5\n');
    assert.equal(await tail(0), '');
    for (const everything of ['all', 5, 100, ''])
      assert.equal((await tail(everything)).split('\n').length, 6, String(everything));
  });

  test('timestamps, in nanoseconds and in order', async () => {
    const lines = (await engine.logs(ended, { stdout: 1, timestamps: 1 })).stdout.trim().split('\n');
    for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z out \d$/);
    assert.deepEqual(lines, [...lines].sort());
  });

  test('since and until, in seconds with fractions', async () => {
    const id = await engine.create(ECHO);
    const stream = await engine.attach(id);
    await engine.start(id);
    for (const line of ['one', 'two', 'end']) {
      stream.write(`${line}\n`);
      await stream.waitFor(`${line}\n`);
    }
    await engine.wait(id);
    const at = (await engine.logs(id, { stdout: 1, timestamps: 1 })).stdout
      .split('\n')
      .map((line) => line.split(' ')[0]!);
    /** "2026-01-02T03:04:05.000000006Z" as "1767322….000000006". */
    const seconds = (stamp: string) => `${Math.floor(Date.parse(stamp) / 1000)}.${stamp.slice(20, 29)}`;
    assert.equal((await engine.logs(id, { stdout: 1, since: seconds(at[1]!) })).stdout, 'two\nend\n');
    assert.equal((await engine.logs(id, { stdout: 1, until: seconds(at[1]!) })).stdout, 'one\ntwo\n');
    assert.equal((await engine.logs(id, { stdout: 1, since: Math.floor(Date.now() / 1000) + 3600 })).stdout, '');
    assert.equal((await engine.logs(id, { stdout: 1, since: 0, until: 0 })).stdout, 'one\ntwo\nend\n');
    const bad = await engine.api.get(`/containers/${id}/logs`, { stdout: 1, since: 'yesterday' });
    assert.ok(bad.status >= 400 && bad.message.includes('yesterday'), bad.text);
  });

  test('of a container that never ran are empty, of one that is not there a 404', async () => {
    assert.deepEqual(await engine.logs(await engine.create({ Cmd: ['true'] })), { stdout: '', stderr: '' });
    await refused(engine.api.get('/containers/nobody/logs', BOTH), 404, 'No such container: nobody');
  });

  test('of one that has ended, if short, come in one piece with their end', async () => {
    const socket = connect(engine.api.socket);
    socket.write(`GET /containers/${ended}/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: d\r\n\r\n`);
    const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    assert.match(first.toString('latin1'), /^HTTP\/1\.1 200 .*out 5\n\r\n0\r\n\r\n$/s);
  });

  test('of a second run follow those of the first', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'test -e /mark && echo second || echo first; touch /mark'] });
    await engine.wait(id);
    await engine.start(id);
    await engine.wait(id);
    assert.equal((await engine.logs(id)).stdout, 'first\nsecond\n');
  });
});

describe('follow', () => {
  test('brings lines as they come and ends with the container', async () => {
    const id = await engine.launch(ECHO);
    const [log, stream] = [await follow(id), await engine.attach(id)];
    stream.write('one\n');
    await log.until('one\n');
    stream.write('two\nend\n');
    assert.equal(await log.all(), 'one\ntwo\nend\n');
    stream.vanish();
  });

  test('of an ended container gives all and ends', async () => {
    const id = await engine.launch({ Cmd: ['echo', 'done'] });
    await engine.wait(id);
    assert.equal(await (await follow(id)).all(), 'done\n');
  });

  test('ends with each run of a container that is restarted', async () => {
    const restart = { HostConfig: { RestartPolicy: { Name: 'always' } } };
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'echo run; until test -e /go; do usleep 10000; done'],
      ...restart,
    });
    const log = await follow(id);
    await log.until('run\n');
    await engine.exec(id, ['touch', '/go']);
    assert.match(await log.all(), /^run\n/);
    await engine.remove(id);
  });

  test('with tail begins near the end', async () => {
    const id = await engine.launch({ ...ECHO, Cmd: ['sh', '-c', `echo old; echo last; ${ECHO.Cmd[2]}`] });
    const stream = await engine.attach(id, { stream: 1, stdin: 1, stdout: 1, logs: 1 });
    await stream.waitFor('last\n');
    const log = await follow(id, { tail: 1 });
    await log.until('last\n');
    stream.write('end\n');
    assert.equal(await log.all(), 'last\nend\n');
    stream.vanish();
  });

  test('a reader that leaves disturbs nobody', async () => {
    const id = await engine.launch(ECHO);
    const [gone, stays, stream] = [await follow(id), await follow(id), await engine.attach(id)];
    stream.write('one\n');
    await Promise.all([gone.until('one'), stays.until('one')]);
    gone.leave();
    stream.write('end\n');
    assert.equal(await stays.all(), 'one\nend\n');
    stream.vanish();
  });

  test('nothing is lost or doubled between what is there and what comes', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done'] });
    const logs = await Promise.all([1, 2, 3].map(async () => (await follow(id)).all()));
    const expected = Array.from({ length: 3000 }, (_, i) => `${i}\n`).join('');
    for (const log of logs) assert.ok(log === expected, `${log.length} bytes instead of ${expected.length}`);
  });
});

describe('what is kept', () => {
  test('long lines, and lines without an end, come back as they were', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x; echo; printf tail'] });
    await engine.wait(id);
    assert.equal((await engine.logs(id)).stdout, `${'x'.repeat(100_000)}\ntail`);
  });

  test('characters of several bytes, quotes and control characters', async () => {
    const text = 'ä 語 😀 "quoted" \\back\\ \t tab \u0001 <&>\n';
    const id = await engine.launch({ Cmd: ['printf', '%s', text] });
    await engine.wait(id);
    assert.equal((await engine.logs(id)).stdout, text);
  });

  test('a terminal’s log is raw', async () => {
    const id = await engine.launch({ Cmd: ['echo', 'hi'], Tty: true });
    await engine.wait(id);
    const reply = await engine.api.get(`/containers/${id}/logs`, BOTH);
    assert.equal(reply.text, 'hi\r\n');
    assert.equal(reply.headers['content-type'], 'application/vnd.docker.raw-stream');
  });

  test('rotation drops the oldest and the order stays', async () => {
    const LogConfig = { Type: 'json-file', Config: { 'max-size': '20k', 'max-file': '3' } };
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'i=1; while [ $i -le 2000 ]; do echo "line $i"; i=$((i+1)); done'],
      HostConfig: { LogConfig },
    });
    await engine.wait(id);
    const numbers = (await engine.logs(id)).stdout
      .trim()
      .split('\n')
      .map((line) => Number(line.slice(5)));
    assert.equal(numbers.at(-1), 2000);
    assert.ok(numbers[0]! > 1, `begins with ${numbers[0]}`);
    numbers.forEach((n, i) => {
      assert.equal(n, numbers[0]! + i);
    });
    assert.equal((await engine.logs(id, { stdout: 1, tail: 3 })).stdout, 'line 1998\nline 1999\nline 2000\n');
    // More lines than the newest file holds.
    assert.equal((await engine.logs(id, { stdout: 1, tail: 400 })).stdout.split('\n')[0], 'line 1601');
  });

  test('nothing at all with the driver none', async () => {
    const id = await engine.launch({ Cmd: ['echo', 'unheard'], HostConfig: { LogConfig: { Type: 'none' } } });
    await engine.wait(id);
    assert.deepEqual(
      await engine.run(['echo', 'heard'], { HostConfig: { LogConfig: { Type: 'none' } } }).then((r) => r.stdout),
      'heard\n',
    );
    const reply = await engine.api.get(`/containers/${id}/logs`, BOTH);
    assert.equal(reply.status, 501, reply.text);
    assert.equal(reply.message, 'configured logging driver does not support reading');
  });
});
