import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { readCgroup, unified } from '../helpers/cgroup.js';
import { Engine } from '../helpers/engine.js';
import { actionsOf } from '../helpers/events.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const MB = 1 << 20;

const post = (id: string, body: object) => engine.api.post(`/containers/${id}/update`, body);
const update = (id: string, body: object) => ok<{ Warnings: string[] | null }>(post(id, body), 200);

/** A container that runs, and what the kernel holds of it. */
async function running(HostConfig: Record<string, unknown> = {}, Cmd = ['sleep', '600']) {
  const id = await engine.launch({ Cmd, HostConfig });
  const { Pid } = (await engine.inspect(id)).State;
  const value = (controller: string, v1: string, v2: string) => readCgroup(Pid, controller, unified ? v2 : v1);
  return { id, value, memory: () => Number(value('memory', 'memory.limit_in_bytes', 'memory.max')) };
}

describe('update of a container that runs', () => {
  test('memory: up and down, with swap and without', async () => {
    const { id, value, memory } = await running({ Memory: 64 * MB, MemorySwap: 128 * MB });
    const swap = () => Number(value('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'));
    for (const [Memory, MemorySwap] of [
      [96, 128],
      [256, 300],
      [32, 40],
      [512, 1024],
    ].map((sizes) => sizes.map((size) => size * MB)) as [number, number][]) {
      assert.deepEqual(await update(id, { Memory, MemorySwap }), { Warnings: null });
      assert.equal(memory(), Memory);
      assert.equal(swap(), unified ? MemorySwap - Memory : MemorySwap);
      const { HostConfig } = await engine.inspect(id);
      assert.deepEqual([HostConfig.Memory, HostConfig.MemorySwap], [Memory, MemorySwap]);
    }
    await update(id, { MemoryReservation: 16 * MB });
    assert.equal(value('memory', 'memory.soft_limit_in_bytes', 'memory.low'), String(16 * MB));
    assert.ok((await actionsOf(engine.api, id)).filter((action) => action === 'update').length === 5);
  });

  test('CPU, processes and block I/O', async () => {
    const { id, value } = await running({ PidsLimit: 100 });
    const { Warnings } = await update(id, {
      ...{ NanoCpus: 5e8, CpuShares: 512, CpusetCpus: '0', CpusetMems: '0', PidsLimit: 33, BlkioWeight: 500 },
    });
    assert.ok(Warnings === null || /Block I\/O weight/.test(Warnings.join()), String(Warnings));
    assert.equal(value('cpu', 'cpu.cfs_quota_us', 'cpu.max'), unified ? '50000 100000' : '50000');
    assert.equal(value('cpu', 'cpu.shares', 'cpu.weight'), unified ? '59' : '512');
    assert.equal(value('cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0');
    assert.equal(value('pids', 'pids.max', 'pids.max'), '33');
    await update(id, { PidsLimit: -1 });
    assert.equal(value('pids', 'pids.max', 'pids.max'), 'max');
    const { HostConfig } = await engine.inspect(id);
    assert.deepEqual([HostConfig.NanoCpus, HostConfig.CpuShares, HostConfig.CpusetCpus], [5e8, 512, '0']);
  });

  test('it lasts: over a restart, and over the death of the daemon', async () => {
    const { id } = await running();
    await update(id, { CpuShares: 77, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } });
    await engine.daemon?.kill9();
    await engine.daemon?.launch();
    await ok(engine.api.post(`/containers/${id}/restart`, undefined, { t: 0 }), 204);
    const { HostConfig, State } = await engine.inspect(id);
    assert.deepEqual(HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
    assert.equal(HostConfig.CpuShares, 77);
    if (!unified) assert.equal(readCgroup(State.Pid, 'cpu', 'cpu.shares'), '77');
  });

  test('a paused one too', async () => {
    const { id, value } = await running();
    await ok(engine.api.post(`/containers/${id}/pause`), 204);
    await update(id, { PidsLimit: 5 });
    assert.equal(value('pids', 'pids.max', 'pids.max'), '5');
    assert.equal((await engine.inspect(id)).State.Status, 'paused');
  });

  test('memory below what is in use is refused, and all is as it was', async () => {
    if (unified) return; // version 2 makes room by force
    const Tmpfs = { '/t': 'size=100m' };
    const fill = ['sh', '-c', 'dd if=/dev/zero of=/t/x bs=1M count=40 2>/dev/null; echo full; sleep 600'];
    const HostConfig = { Memory: 64 * MB, MemorySwap: 64 * MB, CpuShares: 5, Tmpfs };
    const { id, value, memory } = await running(HostConfig, fill);
    await until('it is full', async () => (await engine.logs(id)).stdout !== '');
    await refused(
      post(id, { Memory: 8 * MB, MemorySwap: 8 * MB, CpuShares: 9 }),
      500,
      /^Cannot update container [0-9a-f]{64}: unable to set memory limit to 8388608 \(current usage: \d+, peak usage: \d+\)$/,
    );
    assert.equal(memory(), 64 * MB);
    assert.equal(value('cpu', 'cpu.shares', ''), '5');
    const { HostConfig: kept } = await engine.inspect(id);
    assert.deepEqual([kept.Memory, kept.CpuShares], [64 * MB, 5]);
  });
});

describe('update of one that does not run', () => {
  test('counts from its next start on', async () => {
    const id = await engine.create({ Cmd: ['sleep', '600'] });
    await update(id, { Memory: 64 * MB, MemorySwap: 128 * MB });
    await engine.start(id);
    const { Pid } = (await engine.inspect(id)).State;
    assert.equal(readCgroup(Pid, 'memory', unified ? 'memory.max' : 'memory.limit_in_bytes'), String(64 * MB));
  });
});

describe('what is refused, in Docker’s words', () => {
  test('values', async () => {
    const { id } = await running({ Memory: 64 * MB, NanoCpus: 1e9 });
    const cannot = `Cannot update container ${id}`;
    const cases: [body: object, status: number, message: string | RegExp][] = [
      [{ Memory: MB }, 400, 'Minimum memory limit allowed is 6MB'],
      [
        { Memory: 256 * MB },
        409,
        `${cannot}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
      ],
      [
        { CpuQuota: 50000 },
        409,
        `${cannot}: Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set`,
      ],
      [{ CpusetCpus: '999' }, 400, /^Requested CPUs are not available - requested 999, available: /],
      [
        { RestartPolicy: { Name: 'foo' } },
        400,
        "invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
      ],
      [{ Memory: '5' }, 400, /./],
      [
        { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1 }] },
        501,
        'a container keeps the ulimits (Ulimits) that it was created with: it cannot be updated',
      ],
    ];
    for (const [body, status, message] of cases) await refused(post(id, body), status, message);
  });

  test('a policy of a container that is removed at its end; a container that is not there', async () => {
    const { id } = await running({ AutoRemove: true });
    await refused(
      post(id, { RestartPolicy: { Name: 'always' } }),
      409,
      `Cannot update container ${id}: Restart policy cannot be updated because AutoRemove is enabled for the container`,
    );
    await refused(post('nosuch', {}), 404, 'No such container: nosuch');
  });

  test('nothing asked for is nothing done', async () => {
    const { id } = await running();
    const before = (await engine.inspect(id)).HostConfig;
    await update(id, {});
    assert.deepEqual((await engine.inspect(id)).HostConfig, before);
  });
});
