import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { helperPath } from '../kernel/helpers.js';
import { closeFd, pipe } from '../kernel/socket.js';
import { spawn, waitPid } from '../kernel/spawn.js';

/* What td-layer can still do when it begins to read; needs root. */

const directory = mkdtempSync(join(tmpdir(), 'td-confined-'));
after(() => rmSync(directory, { recursive: true }));

/** From capability(7). */
const KEPT = { CHOWN: 0, DAC_OVERRIDE: 1, FOWNER: 3, FSETID: 4, SYS_ADMIN: 21, MKNOD: 27, SETFCAP: 31 };

test('before the first byte it has nothing left but its directory', async () => {
  const [read, write] = pipe();
  const secret = pipe();
  const pid = spawn(helperPath('td-layer'), ['td-layer', 'unpack', directory], [], { stdin: read, fds: secret });
  for (const fd of [read, ...secret]) closeFd(fd);
  const ended = waitPid(pid);
  const field = (name: string) =>
    new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // It waits for input behind the last step, the filter.
  while (field('Seccomp') !== '2') await new Promise((resolve) => setImmediate(resolve));

  assert.equal(field('NoNewPrivs'), '1');
  const kept = Object.values(KEPT).reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n);
  for (const set of ['CapEff', 'CapPrm']) assert.equal(BigInt(`0x${field(set)}`), kept, set);
  for (const set of ['CapInh', 'CapAmb']) assert.equal(BigInt(`0x${field(set)}`), 0n, set);
  for (const kind of ['mnt', 'net', 'ipc', 'uts']) {
    assert.notEqual(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
  }
  // One mount: the directory itself, where devices cannot be opened.
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
  assert.equal(mounts.length, 1);
  assert.match(mounts[0]!, new RegExp(` \\S*${directory.replace(tmpdir(), '')} / \\S*nosuid,nodev,noexec`));
  writeFileSync(join(directory, 'seen'), '');
  assert.deepEqual(readdirSync(`/proc/${pid}/root`), ['seen']);
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  assert.deepEqual(open.slice(1), ['/dev/null', '/dev/null', '/']);

  closeFd(write);
  assert.deepEqual(await ended, { status: 0, signal: 0 });
});
