import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { socketPair } from '../kernel/socket.js';
import { ShimChannel, type ShimEvent, ShimFailure, ShimGone } from './channel.js';

/** A channel with the other end of its connection in the hands of the test. */
function connected() {
  const [ours, theirs] = socketPair();
  const peer = new net.Socket({ fd: theirs, readable: true, writable: true });
  const order: string[] = [];
  const events: ShimEvent[] = [];
  let closed = () => {};
  const ended = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const channel = new ShimChannel(ours, {
    event: (event) => {
      order.push(event.event);
      events.push(event);
    },
    steps: (line) => order.push(line.toString()),
    closed: () => closed(),
  });
  return { channel, peer, order, events, ended };
}

const nextLine = async (peer: net.Socket) => JSON.parse(((await once(peer, 'data')) as [Buffer])[0].toString());

test('an answer belongs to its request, and is dealt with before the events behind it', async () => {
  const { channel, peer, order, events, ended } = connected();
  const reply = channel.request('start', { a: 1 }, undefined, () => order.push('reply'));
  assert.deepEqual(await nextLine(peer), { id: 1, op: 'start', a: 1 });
  peer.write('{"id":1,"ok":true,"pid":7}\n{"event":"exit","status":0}\n');
  assert.equal((await reply).pid, 7);
  assert.deepEqual(order, ['reply', 'exit']);
  assert.equal(events[0]!.status, 0);
  peer.end();
  await ended;
  channel.close();
});

test('the record of a start is handed on as it is', async () => {
  const { channel, peer, order } = connected();
  const reply = channel.request('start', {});
  peer.write('{"event":"steps","steps":[{"name":"mount"}]}\n{"id":1,"ok":true}\n');
  await reply;
  assert.deepEqual(order, ['{"event":"steps","steps":[{"name":"mount"}]}']);
  channel.close();
  peer.destroy();
});

test('a shim that could not be made is not only gone', async () => {
  const { channel, peer } = connected();
  const reply = channel.request('start', {});
  peer.end('{"event":"failed","errno":"EAGAIN"}\n');
  await assert.rejects(reply, /its shim could not be made \(EAGAIN\)/);
  channel.close();
  peer.destroy();
});

test('messages arrive in whatever pieces', async () => {
  const { channel, peer, ended } = connected();
  const reply = channel.request('hello', {});
  for (const piece of ['{"id":1,', '"ok":tr', 'ue,"state":"runn', 'ing"}\n']) {
    peer.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await reply).state, 'running');
  peer.end();
  await ended;
});

test('an error is thrown with its step and exit code', async () => {
  const { channel, peer } = connected();
  const reply = channel.request('start', {});
  peer.write('{"id":1,"error":{"step":"exec","message":"exec: \\"x\\"","errno":"ENOENT"},"exitCode":127,"steps":[]}\n');
  await assert.rejects(reply, (error) => {
    assert.ok(error instanceof ShimFailure);
    assert.deepEqual([error.step, error.errno, error.exitCode], ['exec', 'ENOENT', 127]);
    return true;
  });
  channel.close();
  peer.destroy();
});

test('when the shim goes away, every open request fails, and later ones do at once', async () => {
  const { channel, peer, ended } = connected();
  const waiting = [channel.request('kill', {}), channel.request('resize', {})];
  peer.destroy();
  for (const request of waiting) await assert.rejects(request, ShimGone);
  await ended;
  await assert.rejects(channel.request('kill', {}), ShimGone);
  channel.notify('ack', {}); // to nobody
});

test('a shim that went away a moment ago is no error but its absence', async () => {
  const { channel, peer, ended } = connected();
  peer.destroy();
  // Before any event of this side has told of it.
  channel.notify('ack', { event: 'exit' });
  await assert.rejects(channel.request('kill', {}), ShimGone);
  await ended;
});
