import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { copyIn, copyOut, helpersOf, launchAfter } from '../helpers/files.js';
import { tar } from '../helpers/tar.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const names = async (path: string, id: string) => (await copyOut(engine, id, path)).map(({ name }) => name);

describe('clients that go away, daemons that die', () => {
  const helpers = () => helpersOf(engine.daemon!.pid);
  const none = () => until('td-layer to end', () => engine.daemon === undefined || helpers().length === 0);

  test('in the middle of an archive: nothing stays', async () => {
    const id = await launchAfter(engine, 'truncate -s 64G /huge');
    for (const path of [`/containers/${id}/archive`, `/containers/${id}/export`]) {
      for (let i = 0; i < 10; i++) {
        const gone = new AbortController();
        const response = await engine.api.open('GET', path, { query: { path: '/huge' }, signal: gone.signal });
        response.on('error', () => {});
        response.once('data', () => gone.abort());
        await new Promise((resolve) => response.once('close', resolve));
      }
    }
    await none();
  });

  test('in the middle of an upload: what has come is there, nothing else stays', async () => {
    const id = await engine.create();
    const whole = tar([
      { name: 'first', content: 'x' },
      { name: 'second', content: Buffer.alloc(8 << 20, 'y') },
    ]);
    for (let i = 0; i < 5; i++) {
      const gone = new AbortController();
      const body = new PassThrough();
      const call = engine.api.open('PUT', `/containers/${id}/archive`, {
        query: { path: '/tmp' },
        raw: body,
        headers: { 'content-type': 'application/x-tar' },
        signal: gone.signal,
      });
      call.catch(() => {});
      body.write(whole.subarray(0, 1 << 20));
      await until('the first file', async () => (await names('/tmp', id)).includes('tmp/first'));
      gone.abort();
      body.destroy();
    }
    await none();
    // Its lock is free again.
    await ok(copyIn(engine, id, '/tmp', whole));
  });

  test('kill -9 of the daemon ends its helpers, and the next one finds the container as it was', async () => {
    if (!engine.daemon) return;
    const id = await launchAfter(engine, 'truncate -s 64G /huge');
    const response = await engine.api.open('GET', `/containers/${id}/archive`, { query: { path: '/huge' } });
    response.on('error', () => {});
    await new Promise((resolve) => response.once('data', resolve));
    const [helper] = helpers();
    assert.ok(helper);
    await engine.daemon.kill9();
    await until('td-layer to end', () => !existsSync(`/proc/${helper}`));
    response.destroy();
    await engine.daemon.launch();
    assert.deepEqual(await names('/etc/passwd', id), ['passwd']);
    assert.equal((await engine.inspect(id)).State.Running, true);
  });

  test('a daemon that is to end waits for no client', async () => {
    if (!engine.daemon) return;
    const id = await launchAfter(engine, 'truncate -s 64G /huge');
    const response = await engine.api.open('GET', `/containers/${id}/archive`, { query: { path: '/huge' } });
    response.on('error', () => {});
    const body = new PassThrough();
    const upload = engine.api.open('PUT', `/containers/${id}/archive`, {
      query: { path: '/tmp' },
      raw: body,
      headers: { 'content-type': 'application/x-tar' },
    });
    upload.catch(() => {});
    body.write(tar([{ name: 'first', content: 'x' }]).subarray(0, 1024));
    await until('the first file', async () => (await names('/tmp', id)).includes('tmp/first'));
    await engine.daemon.restart();
    response.destroy();
    body.destroy();
    assert.equal((await engine.inspect(id)).State.Running, true);
  });

  test('a slow reader holds up nothing but itself', async () => {
    const id = await launchAfter(engine, 'truncate -s 64G /huge');
    const gone = new AbortController();
    const response = await engine.api.open('GET', `/containers/${id}/archive`, {
      query: { path: '/huge' },
      signal: gone.signal,
    });
    response.on('error', () => {});
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    await engine.remove(id);
    gone.abort();
    await none();
  });
});
