import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { assertUnchanged, captureHost } from '../helpers/host-state.js';
import type { Step } from '../helpers/types.js';

/** A container with something of everything that a start can do. */
const RICH = {
  Cmd: ['true'],
  Env: ['A=1'],
  WorkingDir: '/made/here',
  User: 'root:root',
  Hostname: 'rich',
  HostConfig: {
    ...{ Memory: 32 << 20, PidsLimit: 20, NanoCpus: 500_000_000, OomScoreAdj: 10 },
    ...{
      Tmpfs: { '/scratch': 'size=1m' },
      Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 100 }],
      Sysctls: { 'kernel.shmmni': '99' },
    },
    ...{ SecurityOpt: ['no-new-privileges'], CapAdd: ['SYS_TIME'] },
  },
};

/** Two daemons share the work: most of the time goes into starting them anew, each with another step to fail. */
const engines = await Promise.all([Engine.open(), Engine.open()]);
after(() => Promise.all(engines.map((engine) => engine.close())));

const containers = await Promise.all(
  engines.map((engine) => {
    const bound = join(engine.daemon!.home, 'bound');
    mkdirSync(bound);
    return engine.create({ ...RICH, HostConfig: { ...RICH.HostConfig, Binds: [`${bound}:/bound:ro`] } });
  }),
);

// A first start without any fault tells which steps there are.
await engines[0]!.start(containers[0]!);
await engines[0]!.wait(containers[0]!);
const { Steps } = await ok<{ Steps: Step[] }>(engines[0]!.api.get(`/containers/${containers[0]}/steps`));
await engines[0]!.remove(containers[0]!);
containers[0] = await engines[0]!.create({
  ...RICH,
  HostConfig: { ...RICH.HostConfig, Binds: [`${engines[0]!.daemon!.home}/bound:/bound:ro`] },
});

const byShim = Steps.filter(({ Actor }) => Actor === 'shim' || Actor === 'init');
const byDaemon = Steps.filter(({ Actor }) => Actor === 'daemon');

test('the record of a start names every step, in order, with its time', () => {
  assert.ok(byShim.length > 30 && byDaemon.length > 0, `${byShim.length} and ${byDaemon.length} steps`);
  Steps.forEach((step, i) => {
    assert.match(step.Name, /^[a-z0-9_]+/);
    assert.ok(step.Duration >= 0 && step.Start >= (Steps[i - 1]?.Start ?? 0), JSON.stringify(step));
  });
  for (const name of ['mount', 'pivot_root', 'exec'])
    assert.ok(
      Steps.some(({ Name }) => Name.startsWith(name)),
      name,
    );
  assert.equal(Steps[0]!.Start, 0);
});

/** Starts with step `at` of one side failing: refused with the step's name, and nothing is left of the attempt. */
async function failsAt(lane: number, variable: string, at: number, step: Step): Promise<void> {
  const [engine, id] = [engines[lane]!, containers[lane]!];
  const daemon = engine.daemon!;
  await daemon.kill9();
  await daemon.launch({ [variable]: String(at) });
  const before = captureHost(daemon);
  const what = `step ${at}, ${step.Name} ${step.Args}`;
  const reply = await engine.api.post(`/containers/${id}/start`);
  // What may fail without harm has failed in the clean run as well, or is passed over here.
  if (reply.status === 204 && step.Errno !== '') {
    await engine.wait(id);
    return;
  }
  assert.equal(reply.status, 500, `${what}: ${reply.status} ${reply.text}`);
  assert.ok(reply.message.includes(step.Name), `${what}: ${reply.message}`);
  assert.match(reply.message, /EIO|i\/o error/i, what);
  const { State } = await engine.inspect(id);
  assert.deepEqual([State.Status, State.Pid, State.Running], ['created', 0, false], what);
  assert.equal(State.Error, reply.message, what);
  await assertUnchanged(daemon, before).catch((error: Error) => assert.fail(`${what}: ${error.message}`));
}

for (const [who, variable, steps] of [
  ['the daemon', 'TINYDOCKER_FAIL_DAEMON_STEP', byDaemon],
  ['the shim and the container’s init', 'TINYDOCKER_FAIL_STEP', byShim],
] as const) {
  describe(`each step of ${who} fails in turn`, { concurrency: 2 }, () => {
    for (const lane of [0, 1]) {
      test(`${lane === 0 ? 'even' : 'odd'} ones`, async () => {
        for (let at = lane; at < steps.length; at += 2) await failsAt(lane, variable, at, steps[at]!);
      });
    }
  });
}

test('after all these failures it starts as ever', async () => {
  for (const [lane, engine] of engines.entries()) {
    await engine.daemon!.restart();
    await engine.start(containers[lane]!);
    assert.equal(await engine.wait(containers[lane]!), 0);
  }
});
