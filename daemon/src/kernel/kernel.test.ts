import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lockFile } from './lock.js';
import { native } from './native.js';
import { pidStartTime, sealedMemfd, signalPid } from './process.js';
import { closeFd, connectUnix, hungUp, pipe, sendWithFds, socketPair, withSocketPath, writeAll } from './socket.js';
import { spawn, waitPid } from './spawn.js';

const dir = mkdtempSync(join(tmpdir(), 'td-kernel-'));
after(() => rmSync(dir, { recursive: true }));

const text = (fd: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let all = '';
    const socket = new net.Socket({ fd, readable: true, writable: false });
    socket.setEncoding('utf8');
    socket.on('data', (d) => {
      all += d;
    });
    socket.on('end', () => resolve(all));
    socket.on('error', reject);
  });

test('a spawned program has the given descriptors and no others, its environment and a session of its own', async () => {
  const [read, write] = pipe();
  const script = 'echo "$A"; ls /proc/$$/fd | tr "\\n" " "; cut -d" " -f5,6 /proc/$$/stat; echo $$';
  const pid = spawn('/bin/sh', ['sh', '-c', script], ['A=1 2', 'PATH=/usr/bin:/bin'], {
    stdout: write,
    fds: [write, read],
  });
  closeFd(write);
  const out = (await text(read)).split('\n');
  assert.deepEqual(await waitPid(pid), { status: 0, signal: 0 });
  assert.equal(out[0], '1 2');
  assert.match(out[1]!, /^0 1 2 3 4 (\d+ )?/);
  assert.ok(out.includes(String(pid)));
});

test('descriptors may be given in any order', async () => {
  const [a, b] = [pipe(), pipe()];
  const pid = spawn('/bin/sh', ['sh', '-c', 'echo one >&3; echo two >&4'], [], { fds: [b[1], a[1]] });
  closeFd(a[1]);
  closeFd(b[1]);
  assert.deepEqual(await Promise.all([text(a[0]), text(b[0])]), ['two\n', 'one\n']);
  await waitPid(pid);
});

test('an exit code and a signal are told apart, and a missing program is an error with its path', async () => {
  assert.deepEqual(await waitPid(spawn('/bin/sh', ['sh', '-c', 'exit 7'], [])), { status: 7, signal: 0 });
  assert.deepEqual(await waitPid(spawn('/bin/sh', ['sh', '-c', 'kill -9 $$'], [])), { status: 137, signal: 9 });
  assert.throws(() => spawn('/no/such', ['x'], []), { message: 'posix_spawn /no/such: ENOENT', code: 'ENOENT' });
});

test('a program runs from a sealed copy that cannot be written', async () => {
  const memfd = sealedMemfd('/bin/true');
  assert.deepEqual(await waitPid(spawn(memfd, ['true'], [])), { status: 0, signal: 0 });
  const [read, write] = pipe();
  const pid = spawn('/bin/sh', ['sh', '-c', 'echo x >/proc/self/fd/3 && echo written'], [], {
    stdout: write,
    fds: [memfd],
  });
  closeFd(write);
  assert.equal(await text(read), '');
  assert.equal((await waitPid(pid)).status, 2);
  closeFd(memfd);
});

test('a message arrives whole, and descriptors travel with it', async () => {
  const [a, b] = socketPair();
  const [read, write] = pipe();
  const [sent, kept] = pipe();
  const counter = spawn('/usr/bin/wc', ['wc', '-c'], [], { stdin: b, stdout: write });
  closeFd(b);
  closeFd(write);
  sendWithFds(a, Buffer.from('hello '), [kept]);
  closeFd(kept);
  writeAll(a, Buffer.alloc(1_000_000, 'x'));
  closeFd(a);
  assert.equal(await text(read), '1000006\n');
  await waitPid(counter);
  assert.equal(await text(sent), ''); // the copy that travelled was the last one, and nobody took it
});

test('a closed connection is told from one whose other end has only stopped to send', () => {
  const [a, b] = socketPair();
  assert.equal(hungUp(a), false);
  native.shutdown(b, 1);
  assert.equal(hungUp(a), false);
  closeFd(b);
  assert.equal(hungUp(a), true);
  closeFd(a);
});

test('a socket is reached by a path longer than an address takes', async () => {
  const deep = join(dir, 'd'.repeat(120));
  mkdirSync(deep);
  const path = join(deep, 'socket');
  const server = net.createServer((c) => c.end('hi'));
  await new Promise<void>((resolve) => withSocketPath(path, (short) => server.listen(short, resolve)));
  assert.equal(await text(connectUnix(path)), 'hi');
  server.close();
  assert.throws(() => connectUnix(join(dir, 'none')), { code: 'ENOENT' });
});

test('a lock is held by one descriptor at a time', () => {
  const path = join(dir, 'lock');
  const fd = lockFile(path);
  assert.ok(fd !== undefined);
  assert.equal(lockFile(path), undefined);
  closeFd(fd);
  closeFd(lockFile(path)!);
});

test('a signal reaches the process with that start time only', async () => {
  const pid = spawn('/bin/sleep', ['sleep', '60'], []);
  const ended = waitPid(pid);
  const started = pidStartTime(pid)!;
  assert.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'sleep\n');
  assert.equal(signalPid(pid, started + 1, 9), false);
  assert.equal(signalPid(pid, started, 15), true);
  assert.deepEqual(await ended, { status: 143, signal: 15 });
  assert.equal(signalPid(pid, started, 15), false);
  assert.equal(pidStartTime(pid), undefined);
});
