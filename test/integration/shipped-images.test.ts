import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { pulled } from '../helpers/transfer.js';

let engine: Engine;
before(async () => {
  engine = await Engine.open();
});
after(() => engine?.close());

test('tinydocker/pause comes without a network, lets others into its namespaces, reaps and ends', async () => {
  assert.deepEqual(await pulled(engine.api, 'tinydocker/pause', { tag: 'latest' }), [
    'latest: Pulling from tinydocker/pause',
    'Status: Downloaded newer image for tinydocker/pause:latest',
  ]);
  assert.equal(
    (await pulled(engine.api, 'tinydocker/pause:latest')).at(-1),
    'Status: Image is up to date for tinydocker/pause:latest',
  );
  const pause = await engine.launch({ Image: 'tinydocker/pause', Cmd: [] });
  // An orphan becomes a child of pause, and no zombie: process 1 has no children when it has ended.
  const script =
    '(sh -c "sleep 0.1 & echo \\$! > /tmp/pid"); while kill -0 $(cat /tmp/pid) 2>/dev/null; do :; done; echo reaped';
  const { stdout } = await engine.run(['sh', '-c', `mkdir -p /tmp; ${script}`], {
    HostConfig: { PidMode: `container:${pause}` },
  });
  assert.equal(stdout, 'reaped\n');
  await ok(engine.api.post(`/containers/${pause}/kill`, undefined, { signal: 'TERM' }), 204);
  assert.equal(await engine.wait(pause), 0);
  await engine.remove(pause);
  await ok(engine.api.delete('/images/tinydocker/pause'));
});
