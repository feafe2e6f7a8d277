import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestDaemon } from '../helpers/daemon.js';
import { captureHost, difference, sweep } from '../helpers/host-state.js';

// The other tests trust these eyes: here they are shown what they must see. No daemon runs.
const owner = TestDaemon.prepare();
after(() => owner.close());
const clean = captureHost(owner);
const seen = () => difference(clean, captureHost(owner));

test('a clean machine is clean', () => assert.deepEqual(seen(), []));

test('a mount', () => {
  const point = join(owner.execRoot, 'mounted');
  mkdirSync(point);
  execFileSync('mount', ['-t', 'tmpfs', 'tdt-seen', point]);
  assert.ok(
    seen().some((line) => line.startsWith('+ mounts: ') && line.includes(point)),
    String(seen()),
  );
  execFileSync('umount', [point]);
  rmdirSync(point);
  assert.deepEqual(seen(), []);
});

test('a cgroup, also a nested one', () => {
  const hierarchy = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((directory) =>
    existsSync(join(directory, 'cgroup.procs')),
  )!;
  const [parent, child] = [join(hierarchy, owner.instance), join(hierarchy, owner.instance, 'child')];
  mkdirSync(child, { recursive: true });
  assert.deepEqual(seen(), [`+ cgroups: ${child}`, `+ cgroups: ${parent}`]);
  rmdirSync(child);
  rmdirSync(parent);
  assert.deepEqual(seen(), []);
});

test('a file and a directory', () => {
  const file = join(owner.dataRoot, 'stray');
  writeFileSync(file, '');
  assert.deepEqual(seen(), [`+ files: ${file}`]);
  rmSync(file);
});

test('a shim, with its namespaces; sweeping it away tells so', async () => {
  const program = join(owner.home, 'td-shim');
  copyFileSync('/bin/sleep', program);
  const child = spawn('unshare', ['--uts', '--', 'bash', '-c', `exec -a "td-shim ${owner.execRoot}" '${program}' 600`]);
  const exit = once(child, 'exit');
  while (!seen().some((line) => line.startsWith('+ processes: ')))
    await new Promise((resolve) => setImmediate(resolve));
  assert.ok(
    seen().some((line) => line.startsWith(`+ processes: ${child.pid} td-shim`)),
    String(seen()),
  );
  assert.ok(
    seen().some((line) => line.startsWith('+ namespaces: uts:')),
    String(seen()),
  );
  assert.ok(sweep(owner).some((line) => line.startsWith(`process ${child.pid} `)));
  await exit;
  assert.deepEqual(seen(), []);
});
