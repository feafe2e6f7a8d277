import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from './config.js';
import { ConfigError } from './config-file.js';
import { asksFor } from './config-flags.js';

const dir = mkdtempSync(join(tmpdir(), 'td-config-'));
after(() => rmSync(dir, { recursive: true }));

/** A configuration file of its own, so that the machine's does not count. */
function file(content: unknown = {}): string[] {
  const path = join(dir, `${Math.random()}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return ['--config-file', path];
}

test('defaults', () => {
  const config = loadConfig(file());
  assert.deepEqual(config.hosts, ['unix:///run/tinydocker.sock']);
  assert.equal(config.dataRoot, '/var/lib/tinydocker');
  assert.equal(config.execRoot, '/run/tinydocker');
  assert.equal(config.pidfile, '/run/tinydocker.pid');
  assert.equal(config.group, 'tinydocker');
  assert.equal(config.logLevel, 'info');
  assert.equal(config.instance, 'tinydocker');
  assert.equal(config.cgroupParent, '/tinydocker');
});

test('flags, short and long', () => {
  const flags = [
    '-H',
    'unix:///a',
    '--host=fd://',
    '--data-root',
    'data',
    '--exec-root=/x/run/',
    '-G',
    '0',
    '-D',
    '-p',
    '/x/pid',
  ];
  const config = loadConfig([...file(), ...flags]);
  assert.deepEqual(config.hosts, ['unix:///a', 'fd://']);
  assert.equal(config.dataRoot, join(process.cwd(), 'data'));
  assert.equal(config.execRoot, '/x/run');
  assert.equal(config.group, '0');
  assert.equal(config.logLevel, 'debug');
  assert.equal(config.pidfile, '/x/pid');
  assert.match(config.instance, /^tinydocker-[0-9a-f]{8}$/);
  assert.equal(config.cgroupParent, `/${config.instance}`);
});

test('the file fills in what no flag says', () => {
  const config = loadConfig([...file({ hosts: ['/s.sock'], 'data-root': '/d', labels: ['a=b'] }), '--exec-root', '/e']);
  assert.deepEqual([config.hosts, config.dataRoot, config.execRoot], [['unix:///s.sock'], '/d', '/e']);
  assert.deepEqual(config.labels, ['a=b']);
});

test('what flag and file both say is refused, as dockerd does', () => {
  assert.throws(() => loadConfig([...file({ 'data-root': '/d', hosts: ['/s'] }), '--data-root', '/e', '-H', '/t']), {
    message:
      'the following directives are specified both as a flag and in the configuration file: ' +
      'hosts: (from flag: [/t], from file: [/s]), data-root: (from flag: /e, from file: /d)',
  });
});

test('mistakes are named in one sentence', () => {
  const cases: [string[], RegExp][] = [
    [['--nonsense'], /^unknown flag: --nonsense; see/],
    [['-x'], /^unknown flag: -x; see/],
    [['--data-root'], /^flag (-.*)?--data-root needs an argument; see/],
    [['--debug=yes'], /^flag .*--debug takes no argument; see/],
    [['serve'], /^unexpected argument: serve; see/],
    [['-H', 'tcp://1.2.3.4'], /^cannot listen on tcp/],
    [['-l', 'loud'], /^invalid logging level: loud/],
    [['--label', 'x'], /^bad label: x/],
    [['--data-root', '/x', '--exec-root', '/x'], /^data root and exec root are both/],
    [['--config-file', '/nowhere/daemon.json'], /\/nowhere\/daemon.json: no such file$/],
    [file('{nonsense'), /^unable to configure the daemon with file .*JSON/],
    [file([]), /must hold one JSON object$/],
    [file({ colour: 'red' }), /don't match any configuration option: colour$/],
    [file({ debug: 'yes' }), /debug must be true or false$/],
    [file({ hosts: 'x' }), /hosts must be a list of strings$/],
    [file({ __proto__: null, toString: 1 }), /don't match any configuration option: toString$/],
  ];
  for (const [argv, message] of cases) {
    const all = argv.includes('--config-file') ? argv : [...file(), ...argv];
    assert.throws(
      () => loadConfig(all),
      (error) => error instanceof ConfigError && message.test(error.message) && !error.message.includes('\n'),
      argv.join(' '),
    );
  }
});

test('help and version', () => {
  assert.equal(asksFor(['-D', '--help']), 'help');
  assert.equal(asksFor(['-v']), 'version');
  assert.equal(asksFor([]), undefined);
  assert.throws(() => asksFor(['--help', '--nonsense']), ConfigError);
});
