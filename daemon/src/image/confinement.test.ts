import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { helperPath } from '../kernel/helpers.js';
import { layerProgram } from '../kernel/layer-helper.js';
import { closeFd, pipe } from '../kernel/socket.js';
import { spawn, waitPid } from '../kernel/spawn.js';

/* What td-layer can still do when it begins to work; needs root. */

const home = mkdtempSync(join(tmpdir(), 'td-confined-'));
after(() => rmSync(home, { recursive: true }));
const make = (name: string): string => {
  mkdirSync(join(home, name), { recursive: true });
  return join(home, name);
};
const directory = make('unpacked');
const [layer, scratch, upper, work] = ['layer', 'scratch', 'upper', 'work'].map(make);
writeFileSync(join(layer!, 'file'), 'content');

/** From capability(7). */
const CAPABILITY = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  SYS_ADMIN: 21,
  MKNOD: 27,
  SETFCAP: 31,
};
type Capability = keyof typeof CAPABILITY;
const WRITING: Capability[] = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];

interface Helper {
  pid: number;
  field(name: string): string | undefined;
  /** Lets it go on, and waits for its end. */
  finish(): Promise<unknown>;
}

/** Starts it, and waits until it has taken its last step of confinement: it then waits for input, or for a reader of its output. */
async function confined(verb: string, args: string[]): Promise<Helper> {
  const [read, write] = pipe();
  const [read1, write1] = pipe();
  const secret = pipe();
  // A full pipe: who does not read stops here.
  const blocked = verb === 'remove';
  if (blocked) for (let i = 0; i < 16; i++) writeSync(write1, Buffer.alloc(4096));
  const program = layerProgram(verb);
  // Descriptors from 3 on: an archive's destination, and what it must not keep.
  const pid = spawn(helperPath(program), [program, verb, ...args], [], {
    stdin: read,
    stdout: write1,
    fds: [write1, ...secret],
  });
  for (const fd of [read, write1, ...secret]) closeFd(fd);
  const ended = waitPid(pid);
  const field = (name: string) =>
    new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  while (field('Seccomp') !== '2') await new Promise((resolve) => setImmediate(resolve));
  return {
    pid,
    field,
    finish() {
      closeFd(write);
      closeFd(read1);
      return ended;
    },
  };
}

/** Which capabilities are left, and that the rest is as it should be for each of them. */
function check({ pid, field }: Helper, capabilities: Capability[]): void {
  assert.equal(field('NoNewPrivs'), '1');
  const kept = capabilities.reduce((bits, name) => bits | (1n << BigInt(CAPABILITY[name])), 0n);
  for (const set of ['CapEff', 'CapPrm']) assert.equal(BigInt(`0x${field(set)}`), kept, set);
  for (const set of ['CapInh', 'CapAmb']) assert.equal(BigInt(`0x${field(set)}`), 0n, set);
  assert.notEqual(readlinkSync(`/proc/${pid}/ns/mnt`), readlinkSync('/proc/self/ns/mnt'));
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
  assert.equal(mounts.length, 1, mounts.join('\n'));
  assert.match(mounts[0]!, / \/ \S*nosuid,nodev,noexec/);
  const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  assert.ok(descriptors.length <= 6, descriptors.join(' '));
  assert.ok(!descriptors.some((path) => path.startsWith(home)), descriptors.join(' '));
}

describe('every verb that works on a tree of others has nothing left but that tree', () => {
  const plan = [
    'scratch',
    scratch!,
    'overlay',
    `lowerdir=${layer}`,
    'overlay',
    `upperdir=${upper}`,
    'overlay',
    `workdir=${work}`,
  ];
  const CASES: [verb: string, args: string[], Capability[], seen: string[]][] = [
    ['archive', [...plan, 'path', '/file', 'name', 'file'], ['DAC_READ_SEARCH'], ['file']],
    ['export', plan, ['DAC_READ_SEARCH'], ['file']],
    ['extract', [...plan, 'path', '/'], WRITING, ['file']],
  ];
  for (const [verb, args, capabilities, seen] of CASES) {
    test(verb, async () => {
      const helper = await confined(verb, args);
      check(helper, capabilities);
      assert.deepEqual(readdirSync(`/proc/${helper.pid}/root`), seen);
      await helper.finish();
    });
  }

  test('remove', async () => {
    const parent = make('trash');
    const victim = make('trash/victim');
    writeFileSync(join(victim, 'f'), '');
    make('trash/victim/d/e');
    make('trash/other');
    const helper = await confined('remove', [victim]);
    // While it works it has the tree open; with that done it waits for a reader.
    while (existsSync(victim)) await new Promise((resolve) => setImmediate(resolve));
    check(helper, WRITING);
    assert.deepEqual(readdirSync(`/proc/${helper.pid}/root`), ['other']);
    assert.deepEqual(readdirSync(parent), ['other']);
    await helper.finish();
  });
});

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
  const kept = [...WRITING, 'SYS_ADMIN' as const].reduce((bits, name) => bits | (1n << BigInt(CAPABILITY[name])), 0n);
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
