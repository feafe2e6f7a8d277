import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Engine } from '../helpers/engine.js';

// A number that no group of the machine bears: the tests add nothing to its files.
const GROUP = 61234;
const engine = await Engine.open({ args: ['--group', String(GROUP)] });
after(() => engine.close());
if (engine.daemon) chmodSync(engine.daemon.execRoot, 0o711); // its socket lies in there

/** Asks the engine for its version as another user; gives the status, or why there was no connection. */
function as(uid: number, gid: number): Promise<string> {
  const program = `
    process.setgroups([]); process.setgid(${gid}); process.setuid(${uid});
    require('node:http').get({ socketPath: process.argv[1], path: '/version' }, (r) => { console.log(r.statusCode); r.resume(); })
      .on('error', (e) => console.log(e.code));`;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['-e', program, engine.api.socket], (error, stdout) =>
      error ? reject(error) : resolve(stdout.trim()),
    );
  });
}

if (engine.own) {
  describe('the socket', () => {
    test('belongs to root and the group, and to nobody else', () => {
      const { uid, gid, mode } = statSync(engine.api.socket);
      assert.deepEqual([uid, gid, (mode & 0o777).toString(8)], [0, GROUP, '660']);
    });

    test('serves a member of the group who has no privileges', async () => {
      assert.equal(await as(61235, GROUP), '200');
    });

    test('is closed to everyone else', async () => {
      assert.equal(await as(61235, 61235), 'EACCES');
    });
  });

  test('what the daemon keeps is closed to everyone else', () => {
    const { dataRoot, execRoot } = engine.daemon!;
    assert.equal(statSync(dataRoot).mode & 0o007, 0, 'data root');
    assert.equal(statSync(`${execRoot}/x`).mode & 0o077, 0, 'exec root');
  });
}
