import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { assertUnchanged, captureHost } from '../helpers/host-state.js';
import { NetworkNamespace } from '../helpers/netns.js';
import type { Step } from '../helpers/types.js';
import { until } from '../helpers/until.js';

/** A container with something of everything that a start can do. */
const RICH = {
  Cmd: ['true'],
  Env: ['A=1'],
  WorkingDir: '/made/here',
  User: 'root:root',
  Hostname: 'rich',
  HostConfig: {
    NetworkMode: 'bridge',
    PortBindings: { '80/tcp': [{ HostPort: '8080' }], '53/udp': [{ HostIp: '127.0.0.1' }] },
    ...{ Memory: 32 << 20, PidsLimit: 20, NanoCpus: 500_000_000, OomScoreAdj: 10 },
    ...{
      Tmpfs: { '/scratch': 'size=1m' },
      Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 100 }],
      Sysctls: { 'kernel.shmmni': '99' },
    },
    ...{ SecurityOpt: ['no-new-privileges'], CapAdd: ['SYS_TIME'] },
  },
};

/** The daemon looks into these files at each start for the number of the step that is to fail. */
const faults = mkdtempSync(join(tmpdir(), 'tdt-faults-'));
const faultFile = { daemon: join(faults, 'daemon'), shim: join(faults, 'shim') };
for (const file of Object.values(faultFile)) writeFileSync(file, '');
after(() => rmSync(faults, { recursive: true }));

const network = NetworkNamespace.make();
const engine = await Engine.open({
  args: ['--userns-pool', '1000000:262144'],
  network,
  env: { TINYDOCKER_FAIL_DAEMON_STEP: `@${faultFile.daemon}`, TINYDOCKER_FAIL_STEP: `@${faultFile.shim}` },
});
const daemon = engine.daemon!;
after(async () => {
  await engine.close();
  network.remove();
});

const bound = join(daemon.home, 'bound');
mkdirSync(bound);
const rich = (UsernsMode: string) =>
  engine.create({ ...RICH, HostConfig: { ...RICH.HostConfig, UsernsMode, Binds: [`${bound}:/bound:ro`] } });

interface Recorded {
  container: string;
  all: Step[];
  steps: { daemon: Step[]; shim: Step[] };
}

/** A first start without any fault tells which steps there are; another container is the one whose start is to fail. */
async function record(UsernsMode: string): Promise<Recorded> {
  const first = await rich(UsernsMode);
  await engine.start(first);
  await engine.wait(first);
  const { Steps } = await ok<{ Steps: Step[] }>(engine.api.get(`/containers/${first}/steps`));
  await engine.remove(first);
  const byShim = Steps.filter(({ Actor }) => Actor === 'shim' || Actor === 'init');
  return {
    container: await rich(UsernsMode),
    all: Steps,
    // A filter of system calls is compiled once, by the first start that has to wait for it.
    steps: { daemon: Steps.filter(({ Actor, Name }) => Actor === 'daemon' && Name !== 'seccomp'), shim: byShim },
  };
}

const kinds = { plain: await record(''), 'in a user namespace': await record('auto') };

test('the record of a start names every step, in order, with its time', () => {
  const { all: Steps, steps } = kinds.plain;
  assert.ok(steps.shim.length > 30 && steps.daemon.length > 0, `${steps.shim.length} and ${steps.daemon.length} steps`);
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
async function failsAt(container: string, side: keyof typeof faultFile, at: number, step: Step): Promise<void> {
  writeFileSync(faultFile[side], String(at));
  // The interface of whoever ran before goes with its network namespace, which the kernel clears up when it has time.
  await until('no interface is left', () => captureHost(daemon).links.every((link) => !link.startsWith('veth')));
  const before = captureHost(daemon);
  const what = `step ${at}, ${step.Name} ${step.Args}`;
  const reply = await engine.api.post(`/containers/${container}/start`);
  assert.ok(
    reply.status === 500 || (step.Name === 'exec' && reply.status === 400),
    `${what}: ${reply.status} ${reply.text}`,
  );
  assert.match(reply.message, /EIO|i\/o error/i, what);
  // Shim and init work side by side: which of their steps is the n-th may change from start to start.
  const { Steps } = await ok<{ Steps: Step[] }>(engine.api.get(`/containers/${container}/steps`));
  const failed = Steps.find(({ Errno }) => Errno === 'EIO')?.Name;
  assert.ok(failed !== undefined && reply.message.includes(`: ${failed}`), `${what}: ${failed}: ${reply.message}`);
  const { State } = await engine.inspect(container);
  assert.deepEqual([State.Status, State.Pid, State.Running], ['created', 0, false], what);
  assert.equal(State.Error, reply.message, what);
  await assertUnchanged(daemon, before).catch((error: Error) => assert.fail(`${what}: ${error.message}`));
}

for (const [kind, { container, steps }] of Object.entries(kinds)) {
  for (const side of ['daemon', 'shim'] as const) {
    test(`${kind}: each of the ${steps[side].length} steps of the ${side} fails in turn`, async () => {
      for (const [at, step] of steps[side].entries()) await failsAt(container, side, at, step);
      writeFileSync(faultFile[side], '');
    });
  }

  test(`${kind}: after all these failures it starts as ever`, async () => {
    await engine.start(container);
    assert.equal(await engine.wait(container), 0);
    await engine.remove(container);
  });
}
