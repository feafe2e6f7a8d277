import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { uniqueName } from '../helpers/engine.js';
import { TDCTL } from '../helpers/paths.js';
import { Running, withDaemon } from './cli.js';

const names = { running: uniqueName('run'), created: uniqueName('new'), volume: uniqueName('vol') };
const cli = withDaemon(async ({ engine }) => {
  await engine.launch({ Cmd: ['sleep', '600'] }, names.running);
  await engine.create({ Cmd: ['true'] }, names.created);
  await engine.api.post('/volumes/create', { Name: names.volume });
});
const directory = mkdtempSync(join(tmpdir(), 'tdt-completion-'));
after(() => rmSync(directory, { recursive: true }));

const PATH = `${dirname(TDCTL)}:${process.env.PATH}`;
const environment = () => ({ PATH, HOME: directory, TERM: 'dumb', TINYDOCKER_HOST: `unix://${cli().socket}` });

const words = async (...typed: string[]): Promise<string[]> =>
  (await cli().ok(['__complete', ...typed]))
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0]!);

/** Asks bash as its line editor does. */
function bash(line: string, broken: string[], host?: string): Promise<string[]> {
  const script = `source <(tdctl completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1}; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tdctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...environment(), ...(host && { TINYDOCKER_HOST: host }) };
  return new Promise((resolve, reject) => {
    execFile(
      'bash',
      ['--norc', '-c', script, 'bash', line, ...broken],
      { env, cwd: directory },
      (error, stdout, stderr) => {
        if (error || stderr) reject(error ?? new Error(stderr));
        else resolve(stdout.split('\n').filter(Boolean).sort());
      },
    );
  });
}

describe('what could stand there', () => {
  test('commands, nouns and their verbs, flags', async () => {
    assert.deepEqual(await words('unp'), ['unpause']);
    assert.deepEqual(await words('vol'), ['volume']);
    assert.deepEqual(await words('volume', 'p'), ['prune']);
    assert.deepEqual(await words('-H', 'unix:///x', 'system', 'd'), ['df']);
    assert.deepEqual(await words('help', 'unp'), ['unpause']);
    assert.deepEqual(await words('run', '--memory-s'), ['--memory-swap', '--memory-swappiness']);
    assert.deepEqual(await words('container', 'prune', '--h'), ['--help']);
    assert.deepEqual(await words('nonesuch', ''), []);
    assert.match(await cli().ok(['__complete', 'stop', '--ti']), /^--timeout\t\S/);
  });

  test('names of what fits the command', async () => {
    assert.deepEqual(await words('stop', 'tdt-'), [names.running]);
    assert.deepEqual(await words('start', 'tdt-'), [names.created]);
    assert.deepEqual((await words('rm', '-f', names.created, 'tdt-')).sort(), [names.created, names.running].sort());
    assert.deepEqual(await words('volume', 'rm', ''), [names.volume]);
    assert.deepEqual(await words('run', '-it', '--name', 'x', ''), ['busybox:latest']);
    assert.deepEqual(await words('container', 'commit', names.created, 'bu'), ['busybox:latest']);
    assert.deepEqual(
      (await words('inspect', '')).sort(),
      ['busybox:latest', 'host', 'none', ...Object.values(names)].sort(),
    );
    const { Id } = await cli().engine.inspect(names.created);
    assert.deepEqual(await words('logs', Id.slice(0, 5)), [Id.slice(0, 12)]);
  });

  test('values of flags; files', async () => {
    assert.deepEqual(await words('run', '--restart', 'on'), ['on-failure']);
    assert.deepEqual(await words('run', '--restart=on'), ['--restart=on-failure']);
    assert.deepEqual(await words('run', '--network', `container:${names.running.slice(0, 8)}`), [
      `container:${names.running}`,
    ]);
    assert.deepEqual(await words('run', '--volumes-from', 'tdt-new'), [names.created]);
    assert.deepEqual(await words('kill', '-s', 'TE'), ['TERM']);
    assert.deepEqual(await words('run', '--env-file', ''), [':files']);
    assert.deepEqual(await words('exec', names.running, ''), [':files']);
    assert.deepEqual(await words('cp', 'tdt-new'), [`${names.created}:`, ':files', ':open']);
    assert.deepEqual(await words('exec', names.running, 'ls', '--'), [':files'], 'its flags are not ours');
  });
});

describe('bash', () => {
  test('words that it breaks at colons and equals signs', async () => {
    assert.deepEqual(await bash('tdctl rename tdt-n', ['tdctl', 'rename', 'tdt-n']), [names.created]);
    assert.deepEqual(await bash('tdctl history busybox:', ['tdctl', 'history', 'busybox', ':']), ['latest']);
    assert.deepEqual(await bash('tdctl history  busybox:la', ['tdctl', 'history', 'busybox', ':', 'la']), ['latest']);
    assert.deepEqual(await bash('tdctl run --restart=', ['tdctl', 'run', '--restart', '=']), [
      ...['always', 'no', 'on-failure', 'unless-stopped'],
    ]);
    assert.deepEqual(
      await bash('tdctl volume ', ['tdctl', 'volume', '']),
      await words('volume', '').then((all) => all.sort()),
    );
  });

  test('files', async () => {
    writeFileSync(join(directory, 'an-env'), '');
    assert.deepEqual(await bash('tdctl run --env-file an', ['tdctl', 'run', '--env-file', 'an']), ['an-env']);
  });

  test('quietly nothing without a daemon', async () => {
    assert.deepEqual(await bash('tdctl stop ', ['tdctl', 'stop', ''], 'unix:///nonexistent/s.sock'), []);
    assert.deepEqual(await bash('tdctl sto', ['tdctl', 'sto'], 'unix:///nonexistent/s.sock'), ['stop']);
  });
});

/** A shell on a terminal, to whom keys are typed. */
function interactive(line: string): Running {
  return new Running(
    spawn('script', ['-qefc', line, '/dev/null'], { env: environment(), cwd: directory, stdio: 'pipe' }),
  );
}

describe('typed at a terminal', () => {
  for (const [shell, line, setup] of [
    ['bash', 'bash --norc -i', 'source <(tdctl completion bash)'],
    ['zsh', 'zsh -f -i', 'autoload -U compinit; compinit -D -u; source <(tdctl completion zsh)'],
    ['fish', 'fish --no-config -i', 'tdctl completion fish | source'],
  ] as const) {
    test(shell, async () => {
      const terminal = interactive(line);
      await terminal.type(`${setup}; echo pre''pared\n`, 'prepared');
      await terminal.type('tdctl pau\t--help\n', 'Usage:  tdctl pause');
      await terminal.type(
        `tdctl inspect -f 'it is {{.Name}}' ${names.created.slice(0, 11)}\t\n`,
        `it is /${names.created}`,
      );
      terminal.process.stdin.write('exit\n');
      await terminal.end();
    });
  }

  test('no other shells', async () => {
    const { code, stderr } = await cli().tdctl('completion ksh');
    assert.deepEqual([code, stderr], [1, 'there is no completion for "ksh": it can be bash, zsh or fish\n']);
  });
});
