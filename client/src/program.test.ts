import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOUNS, TOP_LEVEL } from './commands.js';
import { runProgram } from './program.js';

/** Runs a command line that needs no daemon; the default socket is kept away from it. */
async function run(line: string): Promise<{ code: number; out: string; err: string }> {
  const out: unknown[] = [];
  const err: unknown[] = [];
  const code = await runProgram(line.split(' ').filter(Boolean), {
    stdout: { write: (data) => out.push(data), isTerminal: false },
    stderr: { write: (data) => err.push(data), isTerminal: false },
    env: { TINYDOCKER_HOST: 'unix:///nonexistent/engine.sock' },
  });
  return { code, out: out.join(''), err: err.join('') };
}

test('every command has help with usage, examples and flags, under all of its names', async () => {
  const names = Object.keys(TOP_LEVEL);
  for (const [noun, { verbs }] of Object.entries(NOUNS)) {
    for (const verb of Object.keys(verbs)) names.push(`${noun} ${verb}`);
  }
  for (const name of names) {
    const { code, out, err } = await run(`${name} --help`);
    assert.equal(code, 0, name);
    assert.equal(err, '', name);
    assert.ok(out.startsWith(`Usage:  tdctl ${name}`), name);
    for (const part of ['\nExamples:\n', 'tdctl ', '\nOptions:\n', '--help'])
      assert.ok(out.includes(part), `${name}: ${part}`);
    assert.ok(!out.split('\n').some((line) => line.length > 120), `${name}: a line is too long`);
  }
  assert.deepEqual(await run('help ps'), await run('ps --help'));
  assert.deepEqual(await run('ps -h'), await run('ps --help'), '-h is help where it is nothing else');
});

test('the overview names every command', async () => {
  const { code, out } = await run('');
  assert.equal(code, 0);
  for (const name of [...Object.keys(TOP_LEVEL), ...Object.keys(NOUNS)])
    assert.match(out, new RegExp(`^  ${name} `, 'm'));
  assert.equal((await run('--help')).out, out);
  assert.match((await run('container')).out, /^Usage: {2}tdctl container COMMAND\n\nManage containers/);
  assert.match((await run('--version')).out, /^tdctl version \d/);
});

test('a mistyped verb is an error that says what was meant', async () => {
  assert.deepEqual(await run('strat x'), {
    code: 1,
    out: '',
    err: "tdctl: unknown command: tdctl strat\n\nDid you mean this?\n\tstart\n\tstats\n\nRun 'tdctl --help' for more information\n",
  });
  assert.match(
    (await run('container strat')).err,
    /unknown command: tdctl container strat\n\nDid you mean this\?\n\tstart\n/,
  );
  assert.equal((await run('constructor')).code, 1);
});

test('mistakes with flags and arguments', async () => {
  assert.deepEqual(await run('ps --foo'), {
    code: 125,
    out: '',
    err: "unknown flag: --foo\n\nUsage:  tdctl ps [OPTIONS]\n\nRun 'tdctl ps --help' for more information\n",
  });
  assert.deepEqual(await run('container ls x'), {
    code: 1,
    out: '',
    err: "tdctl: 'tdctl container ls' accepts no arguments\n\nUsage:  tdctl container ls [OPTIONS]\n\nRun 'tdctl container ls --help' for more information\n",
  });
  assert.match((await run('stop')).err, /'tdctl stop' requires at least 1 argument\n/);
  assert.match((await run('exec a')).err, /'tdctl exec' requires at least 2 arguments\n/);
  assert.match((await run('tag a')).err, /'tdctl tag' requires 2 arguments\n/);
  assert.equal((await run('--foo ps')).code, 125);
});

test('without a daemon: one sentence; 125 where a container was to be made, else 1', async () => {
  for (const line of ['ps', 'images', 'inspect x', 'version', 'info', 'stop x', 'exec x ls', 'logs x', 'events']) {
    const { code, err } = await run(line);
    assert.equal(code, 1, line);
    assert.match(
      err,
      /^Cannot connect to the tinydocker daemon at unix:\/\/\/nonexistent\/engine.sock: start it with [^\n]+\n$/,
      line,
    );
  }
  for (const line of ['run busybox', 'run -d busybox', 'create busybox']) {
    const { code, err } = await run(line);
    assert.equal(code, 125, line);
    assert.match(err, /^tdctl: Cannot connect to the tinydocker daemon at [^\n]+\n$/, line);
  }
  assert.match((await run('version')).out, /^Client:\n Version: /, 'what can be said is said');
});
