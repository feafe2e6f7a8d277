import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openHostile } from '../helpers/hostile-image.js';

/* Cgroups as a way out, and as what a request or an image might loosen. */

const { engine, host, images } = await openHostile();

test('release_agent of cgroup v1 is reached neither by a mount nor from namespaces of its own making (CVE-2022-0492)', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const agent = `${host.directory}/escaped`;
  const script = [
    'mkdir -p /c',
    ...['memory', 'rdma', 'cpu', 'devices'].map((c) => `mount -t cgroup -o ${c} cgroup /c && echo mounted ${c}`),
    'mount -t cgroup2 cgroup2 /c && echo mounted v2',
    // In a user namespace of its own it is root again: what it mounts there must not be its way to the host.
    ...['memory', 'rdma', 'devices'].map(
      (c) =>
        `unshare -U -r -m -C sh -c 'mount -t cgroup -o ${c} cgroup /c && echo "${agent}" >/c/release_agent && echo set'`,
    ),
    `for f in $(find /sys/fs/cgroup -name release_agent -o -name notify_on_release -o -name cgroup.procs -o -name "*.max" -o -name "*limit_in_bytes"); do
       (echo 1 >$f) && echo wrote $f; done`,
    'mkdir /sys/fs/cgroup/x && echo made',
    'true',
  ].join('\n');
  for (const config of [{}, { User: '1000' }]) {
    const { stdout } = await engine.exec(id, ['sh', '-c', `{ ${script}\n} 2>/dev/null`], config);
    assert.equal(stdout, '');
  }
  host.assertUnchanged();
});

test('annotations and labels are data: they lift no limit and reach no cgroup (CVE-2024-3154, CVE-2023-6476)', async () => {
  const words = {
    'org.systemd.property.ExecStartPre': "[('/bin/sh','-c','touch /escaped')]",
    'org.systemd.property.MemoryMax': "'infinity'",
    'io.kubernetes.cri-o.UnifiedCgroup': 'memory.max=max;pids.max=max',
    'run.oci.keep_original_groups': '1',
    'run.oci.systemd.subgroup': '../../..',
    'run.oci.mount_context_type': 'rootcontext',
    'io.katacontainers.config.hypervisor.path': '/bin/sh',
    'x\ny': 'a\nb',
  };
  const image = await images.make([], { Labels: words });
  const HostConfig = { Memory: 64 << 20, PidsLimit: 40, Annotations: words };
  const id = await engine.launch({ Image: image, Cmd: ['sleep', '600'], Labels: words, HostConfig });
  const { State, Config, HostConfig: shown } = await engine.inspect(id);
  assert.deepEqual(Config.Labels, words);
  assert.deepEqual(shown.Annotations, words);
  const cgroups = readFileSync(`/proc/${State.Pid}/cgroup`, 'utf8').trim().split('\n');
  for (const line of cgroups) assert.match(line, new RegExp(`/${engine.daemon!.instance}/${id}$|:/$|:name=systemd:`));
  const { stdout } = await engine.exec(id, [
    'sh',
    '-c',
    'cd /sys/fs/cgroup; cat pids.max pids/pids.max memory.max memory/memory.limit_in_bytes 2>/dev/null',
  ]);
  assert.equal(stdout, `40\n${64 << 20}\n`);
  await engine.remove(id);
  assert.equal(existsSync('/escaped'), false);
  host.assertUnchanged();
});
