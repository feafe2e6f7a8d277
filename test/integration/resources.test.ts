import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { cgroupOf, readCgroup, unified } from '../helpers/cgroup.js';
import { Engine, uniqueName } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());

interface Info {
  Warnings: string[] | null;
  [limit: string]: unknown;
}

/** Starts a container with some limits; gives what reads the files of its cgroup, by their names in v1 and v2. */
async function limited(HostConfig: Record<string, unknown>) {
  const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig });
  const { Pid } = (await engine.inspect(id)).State;
  return {
    id,
    pid: Pid,
    value: (controller: string, v1: string, v2: string) =>
      readCgroup(Pid, unified && controller === 'blkio' ? 'io' : controller, unified ? v2 : v1),
  };
}

const create = (HostConfig: Record<string, unknown>) =>
  engine.api.post('/containers/create', { Image: engine.image, Cmd: ['true'], HostConfig });

/** A whole disk of the host, whose requests can be limited. */
function disk(): { path: string; numbers: string } {
  const name = readdirSync('/sys/block').find((name) => /^(vd|sd|nvme|xvd)/.test(name)) ?? 'loop0';
  return { path: `/dev/${name}`, numbers: readFileSync(`/sys/block/${name}/dev`, 'utf8').trim() };
}

describe('limits are what the kernel holds', () => {
  test('memory', async () => {
    const MB = 1 << 20;
    const HostConfig = { Memory: 64 * MB, MemorySwap: 96 * MB, MemoryReservation: 32 * MB };
    const { value } = await limited(HostConfig);
    assert.equal(value('memory', 'memory.limit_in_bytes', 'memory.max'), String(64 * MB));
    assert.equal(value('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'), String((unified ? 32 : 96) * MB));
    assert.equal(value('memory', 'memory.soft_limit_in_bytes', 'memory.low'), String(32 * MB));
  });

  test('memory without a word of swap: as much of it again', async () => {
    const { id, value } = await limited({ Memory: 64 << 20 });
    assert.equal(value('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'), String((unified ? 64 : 128) << 20));
    assert.equal((await engine.inspect(id)).HostConfig.MemorySwap, 128 << 20);
  });

  test('swappiness and TCP buffers, which only v1 has', async () => {
    const body = { Image: engine.image, Cmd: ['true'], HostConfig: { MemorySwappiness: 7, KernelMemoryTCP: 8 << 20 } };
    const { Id, Warnings } = await ok<{ Id: string; Warnings: string[] }>(
      engine.api.post('/containers/create', body),
      201,
    );
    engine.adopt(Id);
    assert.equal(Warnings.length, unified ? 2 : 0, String(Warnings));
    if (unified) return;
    const { value } = await limited(body.HostConfig);
    assert.equal(value('memory', 'memory.swappiness', ''), '7');
    assert.equal(value('memory', 'memory.kmem.tcp.limit_in_bytes', ''), String(8 << 20));
  });

  test('CPU', async () => {
    const { value } = await limited({
      CpuShares: 512,
      CpuPeriod: 50_000,
      CpuQuota: 20_000,
      CpusetCpus: '0',
      CpusetMems: '0',
    });
    assert.equal(value('cpu', 'cpu.shares', 'cpu.weight'), unified ? '59' : '512');
    assert.equal(value('cpu', 'cpu.cfs_quota_us', 'cpu.max'), unified ? '20000 50000' : '20000');
    if (!unified) assert.equal(value('cpu', 'cpu.cfs_period_us', ''), '50000');
    assert.equal(value('cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0');
    assert.equal(value('cpuset', 'cpuset.mems', 'cpuset.mems'), '0');
    const fraction = await limited({ NanoCpus: 2.5e8 });
    assert.equal(fraction.value('cpu', 'cpu.cfs_quota_us', 'cpu.max'), unified ? '25000 100000' : '25000');
  });

  test('block devices', async () => {
    const { path, numbers } = disk();
    const rate = (Rate: number) => [{ Path: path, Rate }];
    const { value } = await limited({
      ...{ BlkioDeviceReadBps: rate(1 << 20), BlkioDeviceWriteBps: rate(2 << 20) },
      ...{ BlkioDeviceReadIOps: rate(100), BlkioDeviceWriteIOps: rate(200) },
    });
    if (unified) {
      assert.equal(value('blkio', '', 'io.max'), `${numbers} rbps=1048576 wbps=2097152 riops=100 wiops=200`);
      return;
    }
    const throttle = (what: string) => value('blkio', `blkio.throttle.${what}_device`, '');
    assert.equal(throttle('read_bps'), `${numbers} 1048576`);
    assert.equal(throttle('write_bps'), `${numbers} 2097152`);
    assert.equal(throttle('read_iops'), `${numbers} 100`);
    assert.equal(throttle('write_iops'), `${numbers} 200`);
  });

  test('the weight of block I/O, or a warning where the kernel has none', async () => {
    const body = { Image: engine.image, Cmd: ['sleep', '600'], HostConfig: { BlkioWeight: 300 } };
    const { Id, Warnings } = await ok<{ Id: string; Warnings: string[] }>(
      engine.api.post('/containers/create', body),
      201,
    );
    engine.adopt(Id);
    await engine.start(Id);
    const { Pid } = (await engine.inspect(Id)).State;
    const files = readdirSync(cgroupOf(Pid, unified ? 'io' : 'blkio'));
    const file = ['blkio.bfq.weight', 'blkio.weight', 'io.bfq.weight', 'io.weight'].find((name) =>
      files.includes(name),
    );
    const discarded = 'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.';
    assert.deepEqual(Warnings, file ? [] : [discarded]);
    if (!file) return;
    const text = readCgroup(Pid, unified ? 'io' : 'blkio', file);
    assert.match(text, file === 'io.weight' ? /^default 2930$/m : /\b300$/m);
  });

  test('processes', async () => {
    const { value } = await limited({ PidsLimit: 7 });
    assert.equal(value('pids', 'pids.max', 'pids.max'), '7');
    const none = await limited({ PidsLimit: -1 });
    assert.equal(none.value('pids', 'pids.max', 'pids.max'), 'max');
  });
});

describe('a parent of the request’s own', () => {
  test('is made where it is missing, in every hierarchy, and cannot lead out of the root', async () => {
    const parent = uniqueName('parent');
    for (const CgroupParent of [`/${parent}/inner`, `${parent}/inner`, `../../${parent}/inner`]) {
      const { id, pid } = await limited({ CgroupParent, Memory: 64 << 20 });
      assert.ok(cgroupOf(pid, 'memory').endsWith(`/${parent}/inner/${id}`));
      assert.equal(readCgroup(pid, 'memory', unified ? 'memory.max' : 'memory.limit_in_bytes'), String(64 << 20));
      await engine.remove(id);
    }
    const hierarchies = unified ? ['/sys/fs/cgroup'] : readdirSync('/sys/fs/cgroup').map((n) => `/sys/fs/cgroup/${n}`);
    for (const hierarchy of hierarchies) {
      for (const path of [`${hierarchy}/${parent}/inner`, `${hierarchy}/${parent}`])
        if (statSync(path, { throwIfNoEntry: false })) rmdirSync(path);
    }
  });
});

describe('what is refused', () => {
  const MB = 1 << 20;
  const throttle = [{ Path: 'vda', Rate: 1 }];
  const cases: [what: Record<string, unknown>, message: string][] = [
    [{ Memory: 6e6 }, 'Minimum memory limit allowed is 6MB'],
    [
      { Memory: 64 * MB, MemorySwap: 32 * MB },
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [{ MemorySwap: 32 * MB }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
    [{ MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100'],
    [{ CpuShares: -1 }, 'invalid CPU shares (-1): value must be a positive integer'],
    [{ BlkioDeviceReadBps: throttle }, 'bad format for device path: vda'],
  ];
  for (const [what, message] of cases) {
    test(JSON.stringify(what), () => refused(create(what), 400, message));
  }

  test('real-time CPU time that makes no sense, or that the kernel does not have', async () => {
    await refused(
      create({ CpuRealtimeRuntime: 2000, CpuRealtimePeriod: 1000 }),
      400,
      unified
        ? 'Your kernel does not support CPU real-time scheduler'
        : 'cpu real-time runtime cannot be higher than cpu real-time period',
    );
  });

  test('a device that is not there, at the start', async () => {
    const id = await engine.create({ HostConfig: { BlkioDeviceReadBps: [{ Path: '/dev/nosuch', Rate: 1 }] } });
    await refused(engine.api.post(`/containers/${id}/start`), 500, /stat \/dev\/nosuch: no such file or directory$/);
    const wrong = await engine.create({ HostConfig: { BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1 }] } });
    await refused(engine.api.post(`/containers/${wrong}/start`), 500, /"1:3 (rbps=)?1": no such device \(ENODEV\)$/);
  });
});

test('info says what the kernel can limit', async () => {
  const info = await ok<Info>(engine.api.get('/info'));
  for (const limit of ['MemoryLimit', 'CpuCfsPeriod', 'CpuCfsQuota', 'CPUShares', 'CPUSet', 'PidsLimit'])
    assert.equal(info[limit], true, limit);
  assert.equal(info.OomKillDisable, !unified);
  const lacks = (info.Warnings ?? []).every((warning) => /^WARNING: No (.* support|CAP_\w+: .*)$/.test(warning));
  assert.ok(lacks, String(info.Warnings));
});
