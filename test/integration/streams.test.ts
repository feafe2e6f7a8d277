import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import type { Hijacked } from '../helpers/hijack.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
const INTERACTIVE = { OpenStdin: true, StdinOnce: true, AttachStdin: true };
const ALL = { stream: 1, stdin: 1, stdout: 1, stderr: 1 };

/** Waits until a client that has gone is no longer served: the container outlives it. */
const running = async (id: string) => (await engine.inspect(id)).State.Running;

describe('the taken-over connection', () => {
  test('answers an upgrade with 101 and names the kind of stream', async () => {
    const id = await engine.create({ Cmd: ['echo', 'hi'] });
    const stream = await engine.attach(id);
    assert.equal(stream.status, 101);
    assert.equal(stream.headers.connection?.toLowerCase(), 'upgrade');
    assert.equal(stream.headers.upgrade?.toLowerCase(), 'tcp');
    assert.equal(stream.headers['content-type'], 'application/vnd.docker.multiplexed-stream');
    await engine.start(id);
    assert.deepEqual(await stream.finished().then(({ stdout, stderr }) => [stdout, stderr]), ['hi\n', '']);
  });

  test('an old client without an upgrade gets 200 and the same bytes', async () => {
    const id = await engine.create({ Cmd: ['echo', 'hi'] });
    const stream = await engine.api.hijack(`/containers/${id}/attach`, { query: ALL, upgrade: false });
    assert.equal(stream.status, 200);
    stream.demultiplexed();
    await engine.start(id);
    assert.equal((await stream.finished()).stdout, 'hi\n');
  });

  test('before 1.42 the content type is raw-stream, the bytes are frames all the same', async () => {
    const id = await engine.create({ Cmd: ['echo', 'hi'] });
    const stream = await engine.api.version('/v1.41').hijack(`/containers/${id}/attach`, { query: ALL });
    assert.equal(stream.headers['content-type'], 'application/vnd.docker.raw-stream');
    stream.demultiplexed();
    await engine.start(id);
    assert.equal((await stream.finished()).stdout, 'hi\n');
  });

  test('errors come as ordinary answers', async () => {
    const plain = await engine.api.post('/containers/nobody/attach', undefined, { stream: 1 });
    assert.equal(plain.status, 404);
    assert.match(plain.text, /No such container: nobody/);
    const stream = await engine.api.hijack('/containers/nobody/attach', { query: ALL });
    assert.equal(stream.status, 404);
    stream.vanish();
  });
});

describe('output', () => {
  test('stdout and stderr keep apart, and can be asked for alone', async () => {
    const cmd = ['sh', '-c', 'echo out; echo err >&2'];
    const both = await engine.run(cmd);
    assert.deepEqual([both.stdout, both.stderr], ['out\n', 'err\n']);
    const id = await engine.create({ Cmd: cmd });
    const one = await engine.attach(id, { stream: 1, stderr: 1 });
    await engine.start(id);
    assert.deepEqual(await one.finished().then(({ stdout, stderr }) => [stdout, stderr]), ['', 'err\n']);
  });

  test('every byte arrives, in order: 8 MiB of all values', async () => {
    const { stdout, exitCode } = await engine.run([
      ...[
        'sh',
        '-c',
        'i=0; while [ $i -lt 8 ]; do head -c 1048576 /dev/zero; i=$((i+1)); done | tr "\\0" "\\377" | md5sum >&2;',
      ],
    ]);
    assert.equal(exitCode, 0);
    assert.equal(stdout, '');
    const id = await engine.create({
      Cmd: ['sh', '-c', 'head -c 8388608 /dev/urandom | tee /kept; sha256sum /kept >&2'],
    });
    const stream = await engine.attach(id);
    await engine.start(id);
    await stream.finished();
    const data = Buffer.concat(stream.stdout);
    assert.equal(data.length, 8 << 20);
    assert.equal(sha256(data), stream.text('stderr').slice(0, 64));
    assert.equal(await engine.wait(id), 0);
  });

  test('two clients see the same; a late one sees what comes from then on', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'echo one; read x; echo two'], OpenStdin: true });
    const [first, second] = [await engine.attach(id), await engine.attach(id)];
    await engine.start(id);
    await Promise.all([first.waitFor('one\n'), second.waitFor('one\n')]);
    const late = await engine.attach(id);
    late.write('\n');
    assert.equal((await first.finished()).stdout, 'one\ntwo\n');
    assert.equal((await second.finished()).stdout, 'one\ntwo\n');
    assert.equal((await late.finished()).stdout, 'two\n');
  });

  test('between what logs=1 brings and what follows nothing is lost and nothing comes twice', async () => {
    // It ends when all are attached: who comes later would wait for its next run.
    const count = 'i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i+1)); done; read all_are_here';
    const id = await engine.launch({ Cmd: ['sh', '-c', count], OpenStdin: true });
    const clients = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const after = await engine.attach(id, { logs: 1, stream: 1, stdout: 1 });
        await after.waitFor(/\n/);
        after.vanish();
        return engine.attach(id, { logs: 1, stream: 1, stdout: 1, stderr: i % 2 });
      }),
    );
    (await engine.attach(id, { stream: 1, stdin: 1 })).write('\n');
    const whole = Array.from({ length: 30_000 }, (_, i) => `${i}\n`).join('');
    for (const client of clients) assert.equal((await client.finished()).stdout, whole);
  });

  test('logs=1 brings a line that has begun, too', async () => {
    const id = await engine.launch({
      ...{ OpenStdin: true, Tty: true },
      Cmd: ['sh', '-c', 'echo first; printf "prompt> "; read x; echo got $x'],
    });
    const first = await engine.attach(id, { logs: 1, stream: 1, stdout: 1 });
    await first.waitFor('prompt> ');
    const second = await engine.attach(id, { logs: 1, stream: 1, stdout: 1, stdin: 1 });
    await second.waitFor('first\r\nprompt> ');
    second.write('it\n');
    for (const client of [first, second]) {
      assert.equal((await client.finished()).raw, 'first\r\nprompt> it\r\ngot it\r\n');
    }
  });

  test('a client that does not read what logs=1 brings, and leaves, harms nobody', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'yes | head -c 20000000; echo end; sleep 600'] });
    await until('it has written much', async () => (await engine.logs(id, { stdout: 1, tail: 1 })).stdout !== '');
    const stuck = await engine.attach(id, { logs: 1, stream: 1, stdout: 1 });
    stuck.socket.pause();
    stuck.vanish();
    await until(
      'it goes on to the end',
      async () => (await engine.logs(id, { stdout: 1, tail: 1 })).stdout === 'end\n',
    );
    await engine.remove(id);
  });

  test('logs=1 brings what was said before, and stream=0 ends there', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'echo one; echo err >&2; read x; echo two'], OpenStdin: true });
    const first = await engine.attach(id);
    await engine.start(id);
    await first.waitFor('one\n');
    await first.waitFor('err\n', 'stderr');
    const past = await engine.attach(id, { logs: 1, stdout: 1, stderr: 1 });
    assert.deepEqual(await past.finished().then(({ stdout, stderr }) => [stdout, stderr]), ['one\n', 'err\n']);
    const on = await engine.attach(id, { logs: 1, ...ALL });
    on.write('\n');
    assert.equal((await on.finished()).stdout, 'one\ntwo\n');
    first.vanish();
  });

  test('output after an attached client vanished goes on into the log', async () => {
    const id = await engine.create({
      Cmd: ['sh', '-c', 'echo one; read x; yes | head -c 300000; echo end'],
      OpenStdin: true,
    });
    const [gone, stays] = [await engine.attach(id), await engine.attach(id)];
    await engine.start(id);
    await Promise.all([gone.waitFor('one\n'), stays.waitFor('one\n')]);
    gone.vanish();
    stays.write('\n');
    assert.match((await stays.finished()).stdout, /end\n$/);
    assert.match((await engine.logs(id)).stdout, /y\nend\n$/);
  });

  test('a client that does not read holds nobody up once it is gone', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'yes | head -c 5000000 >&2; echo end'] });
    const stuck = await engine.attach(id);
    stuck.socket.pause();
    await engine.start(id);
    await until('the container runs', () => running(id));
    stuck.vanish();
    assert.equal(await engine.wait(id), 0);
  });

  test('attaching to an ended container is attaching to its next run', async () => {
    const id = await engine.launch({ Cmd: ['echo', 'again'] });
    await engine.wait(id);
    const stream = await engine.attach(id);
    await engine.start(id);
    assert.equal((await stream.finished()).stdout, 'again\n');
  });
});

describe('input', () => {
  test('every byte goes in: 4 MiB, with the end of the input after it', async () => {
    const data = randomBytes(4 << 20);
    const { stdout, exitCode } = await engine.run(['sha256sum'], {}, data);
    assert.equal(stdout.slice(0, 64), sha256(data));
    assert.equal(exitCode, 0);
  });

  test('and comes back: 4 MiB through cat, both ways at once', async () => {
    const data = randomBytes(4 << 20);
    const id = await engine.create({ Cmd: ['cat'], ...INTERACTIVE });
    const stream = await engine.attach(id);
    await engine.start(id);
    stream.socket.end(data);
    await stream.finished();
    assert.equal(sha256(Buffer.concat(stream.stdout)), sha256(data));
    assert.equal(await engine.wait(id), 0);
  });

  test('after the input has ended the output still comes (echo x | docker run -i)', async () => {
    const { stdout } = await engine.run(['sh', '-c', 'cat >/dev/null; echo after; sleep 0.1; echo later'], {}, 'x\n');
    assert.equal(stdout, 'after\nlater\n');
  });

  // dockerd loses this input; a client cannot know whether its packets are joined.
  if (engine.own) {
    test('input in the same packet as the request is not lost', async () => {
      const id = await engine.create({ Cmd: ['cat'], ...INTERACTIVE });
      const stream = await engine.api.hijack(`/containers/${id}/attach`, { query: ALL, early: 'early ' });
      await engine.start(id);
      stream.socket.end('late');
      assert.equal((await stream.finished()).stdout, 'early late');
    });
  }

  test('StdinOnce: the container’s input ends with the first client’s', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'cat; echo over'], ...INTERACTIVE });
    const stream = await engine.attach(id);
    await engine.start(id);
    stream.write('abc');
    await stream.waitFor('abc');
    stream.closeInput();
    assert.equal((await stream.finished()).stdout, 'abcover\n');
  });

  test('without StdinOnce it stays open for the next client', async () => {
    const id = await engine.create({
      Cmd: ['sh', '-c', 'while read line; do echo "got $line"; test "$line" = end && exit 0; done'],
      OpenStdin: true,
    });
    const first = await engine.attach(id);
    await engine.start(id);
    first.write('one\n');
    await first.waitFor('got one\n');
    first.closeInput();
    const second = await engine.attach(id);
    second.write('end\n');
    assert.equal((await second.finished()).stdout, 'got end\n');
    assert.equal(await engine.wait(id), 0);
    first.vanish();
  });

  test('without OpenStdin the input is empty', async () => {
    assert.deepEqual(
      await engine.run(['sh', '-c', 'cat; readlink /proc/self/fd/0']).then((r) => r.stdout),
      '/dev/null\n',
    );
  });

  test('a client that vanishes in the middle of its input takes nothing with it', async () => {
    const id = await engine.create({
      Cmd: ['sh', '-c', 'while read line; do echo "got $line"; done; echo over'],
      OpenStdin: true,
    });
    const [gone, stays] = [await engine.attach(id), await engine.attach(id)];
    await engine.start(id);
    gone.write('half a li');
    await gone.send(Buffer.from('ne\n'));
    await stays.waitFor('got half a line\n');
    gone.vanish();
    stays.write('whole\n');
    await stays.waitFor('got whole\n');
    assert.equal(await running(id), true);
    stays.vanish();
  });
});

describe('a terminal', () => {
  const tty = { Tty: true, OpenStdin: true };

  test('is one raw stream, with the terminal’s own line ends', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'echo out; echo err >&2; tty'], Tty: true });
    const stream = await engine.attach(id);
    assert.equal(stream.headers['content-type'], 'application/vnd.docker.raw-stream');
    await engine.start(id);
    assert.equal((await stream.finished()).raw, 'out\r\nerr\r\n/dev/pts/0\r\n');
    assert.equal(await engine.wait(id), 0);
  });

  test('echoes what is typed, and TERM is set', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'read a; echo "<$a> $TERM"'], ...tty });
    const stream = await engine.attach(id);
    await engine.start(id);
    stream.write('typed\n');
    assert.equal((await stream.finished()).raw, 'typed\r\n<typed> xterm\r\n');
  });

  test('control-C interrupts the foreground process', async () => {
    const id = await engine.create({
      Cmd: ['sh', '-c', 'trap "echo caught; exit 33" INT; echo ready; while :; do sleep 0.02; done'],
      ...tty,
    });
    const stream = await engine.attach(id);
    await engine.start(id);
    await stream.waitFor('ready');
    stream.write('\x03');
    await stream.waitFor('caught');
    assert.equal(await engine.wait(id), 33);
    await stream.finished();
  });

  test('takes its size at creation and on resize, and tells the process', async () => {
    const id = await engine.create({
      ...{
        Cmd: ['sh', '-c', 'stty size; trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.02; done'],
        ...tty,
      },
      HostConfig: { ConsoleSize: [24, 81] },
    });
    const stream = await engine.attach(id);
    await engine.start(id);
    await stream.waitFor(/^24 81\r\nready/);
    await ok(engine.api.post(`/containers/${id}/resize`, undefined, { h: 40, w: 101 }), 200);
    await stream.waitFor('40 101');
    assert.equal(await engine.wait(id), 0);
    await stream.finished();
  });

  test('resize wants numbers and a running container', async () => {
    const id = await engine.create({ Cmd: ['true'], ...tty });
    await refused(engine.api.post(`/containers/${id}/resize`, undefined, { h: 'tall', w: 80 }), 400, /tall/);
    await refused(engine.api.post(`/containers/${id}/resize`, undefined, { h: 24, w: 80 }), 409, /is not running/);
  });
});

describe('detaching', () => {
  const READER = { Cmd: ['sh', '-c', 'while read line; do echo "got $line"; done'], Tty: true, OpenStdin: true };

  /** The stream ends, the container goes on and can be attached to again. */
  async function detaches(stream: Hijacked, id: string, keys: string[]): Promise<void> {
    for (const key of keys) await stream.send(Buffer.from(key, 'latin1'));
    await stream.finished();
    assert.equal(await running(id), true);
    const again = await engine.attach(id);
    again.write('hello\n');
    await again.waitFor('got hello');
    again.vanish();
  }

  test('control-P control-Q, in one packet', async () => {
    const id = await engine.create(READER);
    const stream = await engine.attach(id);
    await engine.start(id);
    await detaches(stream, id, ['\x10\x11']);
  });

  test('control-P control-Q, key by key, after other input', async () => {
    const id = await engine.create(READER);
    const stream = await engine.attach(id);
    await engine.start(id);
    stream.write('first\n');
    await stream.waitFor('got first');
    await detaches(stream, id, ['\x10', '\x11']);
  });

  test('keys of one’s own', async () => {
    const id = await engine.create(READER);
    const stream = await engine.attach(id, { ...ALL, detachKeys: 'ctrl-a,d' });
    await engine.start(id);
    stream.write('\x10\x11plain\n');
    await stream.waitFor('plain');
    await detaches(stream, id, ['\x01d']);
  });

  test('half of the keys is input', async () => {
    const id = await engine.create({
      Cmd: ['sh', '-c', 'stty raw -echo; echo ready; head -c 3 | od -An -tx1'],
      Tty: true,
      OpenStdin: true,
    });
    const stream = await engine.attach(id);
    await engine.start(id);
    await stream.waitFor('ready');
    stream.write('\x10ab');
    assert.match((await stream.finished()).raw, / 10 61 62/);
  });

  test('keys that are none are refused', async () => {
    const id = await engine.create(READER);
    const stream = await engine.attach(id, { ...ALL, detachKeys: 'ctrl-nonsense' });
    assert.equal(stream.status, 400);
    stream.vanish();
  });
});
