import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileContent, withDaemon } from './cli.js';

const cli = withDaemon();
const directory = mkdtempSync(join(tmpdir(), 'tdt-cli-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const CTRL_P = '\x10';
const CTRL_Q = '\x11';

test('a shell in a terminal: its size from the start, keys as they are, its exit code', async () => {
  const shell = cli().terminal(['run', '-it', '--rm', 'busybox', 'sh']);
  await shell.shows('# ');
  await shell.type('stty size; tty\n', '30 100\r\n/dev/pts/0\r\n');
  // Ctrl-C reaches what runs in the terminal, and not tdctl.
  const script = `trap "echo caught; exit" INT; echo rea""dy; while :; do sleep 0.02; done`;
  await shell.type(`sh -c '${script}'\n`, 'ready\r\n');
  await shell.type('\x03', 'caught\r\n');
  shell.process.stdin.write('exit 5\n');
  assert.equal((await shell.end()).code, 5);
});

test('the terminal follows ours when it is resized', async () => {
  const ttyFile = join(directory, 'tty');
  // stty sets one after the other, and each is a change.
  const script = `trap 'stty size; [ "$(stty size)" = "41 123" ] && exit 0' WINCH; echo up; while :; do sleep 0.05; done`;
  const running = cli().terminal(['run', '-it', '--rm', 'busybox', 'sh', '-c', script], { ttyFile });
  const tty = await fileContent(ttyFile);
  await running.shows('up');
  execFileSync('stty', ['-F', tty, 'rows', '41', 'cols', '123']);
  await running.shows('41 123');
  assert.equal((await running.end()).code, 0);
});

test('our terminal is as it was afterwards, whatever became of the command', async () => {
  const check = `stty -a > '${directory}/after'`;
  const reference = cli().terminal(['version'], { after: `stty -a > '${directory}/before'` });
  reference.process.stdin.end();
  await reference.end();
  for (const args of [
    ['run', '-it', '--rm', 'busybox', 'sh', '-c', 'exit 3'],
    ['run', '-it', '--rm', 'busybox', 'nosuch'],
  ]) {
    const running = cli().terminal(args, { after: check });
    assert.equal((await running.end()).code, args.includes('nosuch') ? 127 : 3);
    const [before, now] = await Promise.all([fileContent(`${directory}/before`), fileContent(`${directory}/after`)]);
    assert.equal(now, before, args.join(' '));
  }
});

test('output reaches our terminal as the container wrote it', async () => {
  // With its own translation off, a lone line feed must stay one.
  const running = cli().terminal([
    'run',
    '-it',
    '--rm',
    'busybox',
    'sh',
    '-c',
    "stty -onlcr; printf 'a\\nb'; stty onlcr",
  ]);
  await running.end();
  assert.ok(running.stdout.includes('a\nb'), JSON.stringify(running.stdout));
});

test('the detach keys leave it running; attach comes back to it', async () => {
  const first = cli().terminal(['run', '-it', '--name', 'kept', 'busybox', 'sh']);
  await first.shows('# ');
  // The first key alone is held back and not lost.
  await first.type(`echo a${CTRL_P}b\n`, '# ');
  first.process.stdin.write(CTRL_P + CTRL_Q);
  assert.equal((await first.end()).code, 0);
  assert.equal(await cli().ok(['inspect', '-f', '{{.State.Running}}', 'kept']), 'true');

  const second = cli().terminal(['attach', '--detach-keys', 'ctrl-a,x', 'kept']);
  await second.shows('# ');
  await second.type('stty size\n', '30 100');
  second.process.stdin.write('\x01x');
  const left = await second.end();
  assert.equal(left.code, 1);
  assert.match(left.stdout, /read escape sequence/);

  const third = cli().terminal(['attach', 'kept']);
  await third.shows('# ');
  third.process.stdin.write('exit 6\n');
  assert.equal((await third.end()).code, 6);
  await cli().ok('rm kept');
});

test('exec in a terminal', async () => {
  await cli().ok('run -d --name beside busybox sleep 1000');
  const shell = cli().terminal(['exec', '-it', 'beside', 'sh']);
  await shell.shows('# ');
  await shell.type('stty size\n', '30 100\r\n');
  shell.process.stdin.write('exit 7\n');
  assert.equal((await shell.end()).code, 7);
  await cli().ok('rm -f beside');
});

test('-it without a terminal is refused before anything is made', async () => {
  for (const line of ['run -it busybox sh', 'exec -it x sh']) {
    assert.deepEqual(await cli().tdctl(line), { code: 1, stdout: '', stderr: 'the input device is not a TTY\n' });
  }
  assert.equal(await cli().ok('ps -aq'), '');
});

test('-t alone gives the command a terminal', async () => {
  assert.deepEqual(await cli().tdctl('run --rm -t busybox tty'), { code: 0, stdout: '/dev/pts/0\r\n', stderr: '' });
});
