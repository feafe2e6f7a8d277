import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { after, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { unified } from '../helpers/cgroup.js';
import { Engine, uniqueName } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());

const CMD = { Cmd: ['sleep', '600'] };

test('a container cannot lift its own rules, also not with its cgroups mounted anew', async () => {
  const id = await engine.launch(CMD);
  const script = unified
    ? 'mount -t cgroup2 none /mnt 2>/dev/null || echo refused'
    : 'echo a > /sys/fs/cgroup/devices/devices.allow 2>/dev/null || echo refused; ' +
      'mount -t cgroup -o devices none /mnt 2>/dev/null || echo refused';
  const { stdout } = await engine.exec(id, ['sh', '-c', script]);
  assert.equal(stdout, unified ? 'refused\n' : 'refused\nrefused\n');
});

test('the disks of the host cannot be reached by a node of their numbers, in /dev, in the root, on a tmpfs', async () => {
  const id = await engine.launch({ ...CMD, HostConfig: { Tmpfs: { '/t': 'dev,exec' } } });
  for (const [major, minor] of [
    [254, 0],
    [8, 0],
    [259, 0],
    [7, 0],
  ]) {
    const script = `for d in /dev /root /t; do mknod $d/disk b ${major} ${minor} && { head -c 1 $d/disk; rm $d/disk; }; done`;
    const { stdout, stderr } = await engine.exec(id, ['sh', '-c', script]);
    assert.equal(stdout, '');
    assert.equal(stderr.match(/Operation not permitted|Permission denied/g)?.length, 3, stderr);
  }
});

test('top runs nothing of the container’s', async () => {
  const id = await engine.launch({
    Cmd: [
      'sh',
      '-c',
      'for p in /bin/ps /usr/bin/ps; do mkdir -p /usr/bin; rm -f $p; printf "#!/bin/sh\\ntouch /owned\\n" > $p; chmod +x $p; done; sleep 600',
    ],
  });
  for (const ps_args of ['-ef', '-T', '-o pid,comm'])
    await ok(engine.api.get(`/containers/${id}/top`, { ps_args }), 200);
  assert.equal((await engine.exec(id, ['sh', '-c', 'test -e /owned || echo no'])).stdout, 'no\n');
});

test('a parent of the cgroup cannot lead out of the hierarchies', async () => {
  const name = uniqueName('escape');
  const id = await engine.create({ ...CMD, HostConfig: { CgroupParent: `../../../../tmp/${name}` } });
  await engine.start(id);
  assert.ok(!existsSync(`/tmp/${name}`) && !existsSync(`/sys/${name}`) && !existsSync(`/sys/fs/${name}`));
  await engine.remove(id);
  const hierarchies = readdirSync('/sys/fs/cgroup', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const roots = unified ? ['/sys/fs/cgroup'] : hierarchies.map(({ name }) => `/sys/fs/cgroup/${name}`);
  for (const root of roots)
    for (const dir of [`${root}/tmp/${name}`, `${root}/tmp`])
      if (statSync(dir, { throwIfNoEntry: false })) rmdirSync(dir);
});
