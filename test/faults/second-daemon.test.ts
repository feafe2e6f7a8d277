import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { DAEMON } from '../helpers/paths.js';

const engine = await Engine.open();
const daemon = engine.daemon!;
after(() => engine.close());

/** Runs a daemon that must end by itself. */
function run(args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(DAEMON, args, { timeout: 30_000 }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, output: stdout + stderr }),
    );
  });
}

/** Our flags, with some replaced. */
const flags = (changes: Record<string, string>) =>
  daemon.flags.map((flag, i) => changes[daemon.flags[i - 1] ?? ''] ?? flag);

describe('a second daemon', () => {
  test('on the same data root refuses and says why; the first does not notice', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const { code, output } = await run(
      flags({
        '-H': `unix://${daemon.execRoot}/2.sock`,
        '--exec-root': join(daemon.execRoot, '2'),
        '--pidfile': join(daemon.execRoot, '2.pid'),
      }),
    );
    assert.notEqual(code, 0);
    assert.notEqual(code, null, `it ran: ${output}`);
    assert.ok(output.includes(daemon.dataRoot), output);
    assert.match(output, /in use|already|another|running/i);
    assert.equal((await engine.inspect(id)).State.Running, true);
    assert.equal((await engine.run(['echo', 'fine'])).stdout, 'fine\n');
  });

  test('with exactly the same flags leaves the first one’s socket alone', async () => {
    const { code } = await run(daemon.flags);
    assert.ok(code !== 0 && code !== null);
    await ok(engine.api.get('/version'));
  });
});

describe('flags', () => {
  test('--version and --help answer and end', async () => {
    const version = await run(['--version']);
    assert.equal(version.code, 0);
    assert.match(version.output, /\d+\.\d+\.\d+/);
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    for (const flag of ['--host', '--data-root', '--exec-root', '--pidfile', '--group', '--config-file', '--log-level'])
      assert.ok(help.output.includes(flag), flag);
  });

  test('unknown ones and bad values are named', async () => {
    const unknown = await run(['--nonesuch']);
    assert.ok(unknown.code !== 0 && unknown.output.includes('--nonesuch'), unknown.output);
    const missing = await run(['--config-file', '/no/such/file.json']);
    assert.ok(missing.code !== 0 && missing.output.includes('/no/such/file.json'), missing.output);
    const host = await run(flags({ '-H': 'nonsense://x' }));
    assert.ok(host.code !== 0 && host.output.includes('nonsense'), host.output);
  });
});
