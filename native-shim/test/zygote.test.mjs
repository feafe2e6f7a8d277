// Shims that are forked from a zygote: kept ready, made when there is none, and what becomes of orders that cannot be served.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Ground, shell, Zygote } from './shim.mjs';

const ground = new Ground();
after(() => ground.remove());

const read = (file) => readFileSync(file, 'utf8');
const words = (pid) =>
  read(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((word) => word !== '');
const children = (pid) => read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);

/** Whether a process has a namespace in its hands: the last that is made beforehand. */
function hasNetwork(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('net:'));
  } catch {
    return false; // it closes one just now
  }
}

/** Resolves when the zygote has one ready; the kernel tells nobody of that. */
async function spareOf(zygote) {
  for (;;) {
    const found = children(zygote.pid).find((pid) => words(pid)[1] === 'spare');
    if (found !== undefined && hasNetwork(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function finish(control) {
  const { status } = await control.event('exit');
  control.ack('exit');
  await control.closed;
  return status;
}

describe('a zygote', { timeout: 60_000 }, () => {
  test('keeps one shim ready, which bears the name of its container when it has one', async () => {
    const zygote = new Zygote(ground);
    const spare = await spareOf(zygote);
    const bundle = ground.bundle(shell('exit 3'));
    const control = zygote.order(bundle);
    const { container } = await control.ask('hello');
    assert.equal(container, bundle.id);
    assert.deepEqual(words(spare), ['td-shim', bundle.id, bundle.dir]);
    const answer = await control.ask('start');
    assert.ok(answer.ok, JSON.stringify(answer));
    const { steps } = await control.event('steps');
    assert.ok(steps.some(({ name, args }) => name === 'setns' && args === 'network, made beforehand'));
    assert.equal(await finish(control), 3);
    zygote.drop();
    await zygote.ended;
  });

  test('serves a burst of orders, each with a shim of its own', async () => {
    const zygote = new Zygote(ground);
    await spareOf(zygote);
    const controls = [1, 2, 3, 4, 5].map((status) => zygote.order(ground.bundle(shell(`exit ${status}`))));
    const ended = controls.map(async (control) => {
      const answer = await control.ask('start');
      assert.ok(answer.ok, JSON.stringify(answer));
      return finish(control);
    });
    assert.deepEqual(await Promise.all(ended), [1, 2, 3, 4, 5]);
    zygote.drop();
    await zygote.ended;
  });

  test('makes another when the one that waited was killed', async () => {
    const zygote = new Zygote(ground);
    const spare = await spareOf(zygote);
    process.kill(spare, 'SIGKILL');
    while (existsSync(`/proc/${spare}`)) await new Promise((resolve) => setTimeout(resolve, 1));
    const control = zygote.order(ground.bundle(shell('exit 4')));
    assert.ok((await control.ask('start')).ok);
    assert.equal(await finish(control), 4);
    zygote.drop();
    await zygote.ended;
  });

  test('ends with its daemon, and the shims go on', async () => {
    const zygote = new Zygote(ground);
    const control = zygote.order(ground.bundle(shell('read line; exit 5'), { stdin: { open: true, once: true } }));
    const { pid } = await control.ask('start');
    zygote.drop();
    await zygote.ended;
    process.kill(pid, 'SIGKILL');
    assert.equal(await finish(control), 137);
  });

  test('says of an order that is none that it failed', async () => {
    const zygote = new Zygote(ground);
    for (const text of ['', 'x', 'id\0bundle\0', `${'x'.repeat(200)}\0/b\0\0`]) {
      const control = zygote.send(Buffer.from(text || '\0'));
      assert.equal((await control.event('failed')).errno, 'EINVAL');
      await control.closed;
    }
    zygote.drop();
    await zygote.ended;
  });

  test('leaves no descriptor of its own to a container', async () => {
    const zygote = new Zygote(ground);
    const spare = await spareOf(zygote);
    const control = zygote.order(ground.bundle(shell('read line'), { stdin: { open: true, once: true } }));
    const { pid } = await control.ask('start');
    assert.deepEqual(readdirSync(`/proc/${pid}/fd`), ['0', '1', '2']);
    process.kill(pid, 'SIGKILL');
    await finish(control);
    assert.notEqual(await spareOf(zygote), spare);
    zygote.drop();
    await zygote.ended;
  });
});
