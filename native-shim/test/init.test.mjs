// td-init as the first process of a container. Needs root.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALL } from './connections.mjs';
import { Ground, Shim, shell } from './shim.mjs';

const ground = new Ground();
after(() => ground.remove());
copyFileSync(join(dirname(fileURLToPath(import.meta.url)), '../build/td-init'), join(ground.layer, 'bin/docker-init'));

const INPUT = { open: true, once: true };
const run = (args, more = {}) =>
  new Shim(ground.bundle({ ...shell(''), args: ['/bin/docker-init', '--', ...args], ...more }, { stdin: INPUT }));
const script = (text, more) => run(['sh', '-c', text], more);
const status = async (shim) => {
  await shim.start();
  return (await shim.finish()).status;
};

describe('td-init', { timeout: 60_000 }, () => {
  test('has the status of its command', async () => {
    assert.equal(await status(script('exit 5')), 5);
    assert.equal(await status(script('kill -9 $$')), 137);
    assert.equal(await status(run(['no-such-command'])), 127);
    assert.equal(await status(run(['/etc/passwd'])), 126);
    assert.equal(await status(run([])), 2);
  });

  test('passes signals on', async () => {
    const shim = script('trap "echo term; exit 3" TERM; echo ready; while :; do sleep 0.01; done');
    const client = await shim.attach('', { ...ALL, mux: false });
    await shim.start();
    await client.sees('ready');
    await shim.control.ask('kill', { signal: 15 });
    assert.equal((await shim.finish()).status, 3);
    await client.ended;
    assert.equal(client.output, 'ready\nterm\n');
  });

  test('reaps what its command leaves behind', async () => {
    // Each inner shell ends before its sleep, which so becomes a child of pid 1. Unreaped, they would be listed for ever.
    const shim = script(
      'for i in 1 2 3; do sh -c "sleep 0.01 &"; done; while set -- /proc/[0-9]*; [ $# -gt 2 ]; do sleep 0.01; done; echo reaped',
    );
    await shim.start();
    assert.equal((await shim.finish()).status, 0);
    assert.equal(shim.logged('stdout'), 'reaped\n');
  });

  test('gives its command the terminal: ^C reaches it', async () => {
    const shim = script('trap "echo int; exit 4" INT; echo ready; while :; do sleep 0.01; done', {
      terminal: true,
      consoleSize: { height: 24, width: 80 },
    });
    const client = await shim.attach('', { ...ALL, mux: false });
    await shim.start();
    await client.sees('ready');
    client.write(Buffer.from([3]));
    assert.equal((await shim.finish()).status, 4);
    await client.ended;
    assert.match(client.output, /ready\r\n(\^C)?int\r\n/);
  });
});
