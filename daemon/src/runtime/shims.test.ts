import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeFd, socketPair } from '../kernel/socket.js';
import { ShimRegistry, type WaitingClient } from './shims.js';

const streams = { stdin: true, stdout: true, stderr: true, mux: true, detachKeys: [] };

/** A client with the other end of its connection; `closed` tells whether ours was. */
function client(): { waiting: WaitingClient; leave: () => void; closed: () => boolean } {
  const [ours, theirs] = socketPair();
  let open = true;
  const close = () => {
    if (open) closeFd(ours);
    open = false;
  };
  const connection = { fd: ours, early: Buffer.alloc(0), accept() {}, write() {}, close };
  return { waiting: { streams, connection }, leave: () => closeFd(theirs), closed: () => !open };
}

test('clients that leave while they wait are let go when another comes', () => {
  const shims = new ShimRegistry();
  const [gone, stays] = [client(), client()];
  shims.addWaiting('c', gone.waiting);
  gone.leave();
  shims.addWaiting('c', stays.waiting);
  assert.deepEqual([gone.closed(), stays.closed()], [true, false]);
  assert.deepEqual(shims.takeWaiting('c'), [stays.waiting]);
  assert.deepEqual(shims.takeWaiting('c'), []);
  stays.waiting.connection.close();
  stays.leave();
});

test('who waits for a container that is removed sees the end', () => {
  const shims = new ShimRegistry();
  const one = client();
  shims.addWaiting('c', one.waiting);
  shims.forget('c');
  assert.equal(one.closed(), true);
  one.leave();
});
