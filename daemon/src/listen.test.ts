import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Config, loadConfig } from './config.js';
import { listen } from './listen.js';

const dir = mkdtempSync(join(tmpdir(), 'td-listen-'));
after(() => rmSync(dir, { recursive: true }));
const empty = join(dir, 'daemon.json');
writeFileSync(empty, '{}');

const configOf = (...paths: string[]): Config =>
  loadConfig([
    '--config-file',
    empty,
    '-G',
    String(process.getgid!()),
    ...paths.flatMap((path) => ['-H', `unix://${path}`]),
  ]);

const http = () => createServer((_request, response) => response.end('served'));

const ask = (socketPath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ socketPath, path: '/', agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    }).on('error', reject);
  });

test('several sockets, for owner and group only, gone when closed', async () => {
  const paths = [join(dir, 'a', 'b', '1.sock'), join(dir, '2.sock')];
  const listeners = await listen(http(), configOf(...paths));
  assert.deepEqual(
    listeners.addresses,
    paths.map((path) => `unix://${path}`),
  );
  for (const path of paths) {
    assert.equal(await ask(path), 'served');
    assert.equal(lstatSync(path).mode & 0o777, 0o660);
    assert.equal(lstatSync(path).gid, process.getgid!());
  }
  listeners.close();
  for (const path of paths) assert.equal(existsSync(path), false);
});

test('a path longer than a socket address', async () => {
  const path = join(dir, 'x'.repeat(100), 'y'.repeat(100), 'd.sock');
  const listeners = await listen(http(), configOf(path));
  assert.ok(lstatSync(path).isSocket());
  listeners.close();
  assert.equal(existsSync(path), false);
});

test('a socket in use is left alone, and the one who uses it named', async () => {
  const path = join(dir, 'used.sock');
  const listeners = await listen(http(), configOf(path));
  await assert.rejects(listen(http(), configOf(path)), {
    message: `cannot listen on ${path}: process ${process.pid} already does`,
  });
  assert.equal(await ask(path), 'served');
  listeners.close();
});

test('a socket that nobody listens on any more is replaced', async () => {
  const path = join(dir, 'stale.sock');
  // Node takes the socket away when it closes it: bound under another name, it stays.
  const other = join(dir, 'renamed.sock');
  const dead = createListener();
  await new Promise<void>((done) => dead.listen(other, done));
  const { linkSync } = await import('node:fs');
  linkSync(other, path);
  await new Promise((done) => dead.close(done));
  assert.ok(lstatSync(path).isSocket());
  const listeners = await listen(http(), configOf(path));
  assert.equal(await ask(path), 'served');
  listeners.close();
});

test('what is not a socket is never removed', async () => {
  const path = join(dir, 'file');
  writeFileSync(path, 'precious');
  await assert.rejects(listen(http(), configOf(path)), {
    message: `cannot listen on ${path}: it exists and is not a socket`,
  });
  assert.ok(existsSync(path));
});

test('one that cannot be had gives back the others', async () => {
  const first = join(dir, 'first.sock');
  await assert.rejects(listen(http(), configOf(first, empty)), /not a socket/);
  assert.equal(existsSync(first), false);
});

test('groups and descriptors that are not there', async () => {
  const config = configOf(join(dir, 'g.sock'));
  await assert.rejects(
    listen(http(), { ...config, group: 'no-such-group', defaultGroup: false }),
    /there is no group no-such-group/,
  );
  await assert.rejects(listen(http(), { ...config, hosts: ['fd://'] }), /service manager passed no sockets/);
});
