import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Engine } from '../helpers/engine.js';
import { captureHost } from '../helpers/host-state.js';
import { until } from '../helpers/until.js';
import { WebSocketClient } from '../helpers/websocket.js';

/** How many clients vanish in each test. TD_ROUNDS=10000 is for those who have an hour. */
const ROUNDS = Number(process.env.TD_ROUNDS ?? 300);
/** So many at a time. */
const AT_ONCE = 20;

const engine = await Engine.open();
const daemon = engine.daemon!;
let id = '';
before(async () => {
  const chatty = 'while :; do echo line; sleep 0.01; done & cat';
  id = await engine.launch({ Cmd: ['sh', '-c', chatty], OpenStdin: true });
});
after(() => engine.close());

const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const shim = (): number => {
  const line = captureHost(daemon).processes.find((process) => / td-shim /.test(process) && process.includes(id));
  return Number(line?.split(' ')[0]);
};
/** How many processes there are in the container. */
async function processes(): Promise<number> {
  const { Pid } = (await engine.inspect(id)).State;
  const namespace = readlinkSync(`/proc/${Pid}/ns/pid`);
  const inside = (pid: string) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`) === namespace;
    } catch {
      return false; // gone meanwhile
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && inside(name)).length;
}

/** Lets many clients vanish, and compares what daemon, shim and container hold before and after. */
async function flat(vanish: (round: number) => Promise<void>): Promise<void> {
  const many = async (rounds: number) => {
    for (let round = 0; round < rounds; round += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => vanish(round + i)));
  };
  // The shell, its loop, a sleep, cat.
  const settled = () => until('only the container’s own processes are left', async () => (await processes()) <= 4);
  await many(AT_ONCE); // what is opened once and kept
  await settled();
  const [ours, theirs] = [descriptors(daemon.pid), descriptors(shim())];
  await many(ROUNDS);
  await settled();
  await until(`the daemon is back to ${ours} descriptors`, () => descriptors(daemon.pid) <= ours + 2);
  await until(`the shim is back to ${theirs} descriptors`, () => descriptors(shim()) <= theirs + 2);
  assert.equal((await engine.inspect(id)).State.Running, true);
}

/** Sends a request and is gone, at once or after the beginning of the answer. */
function request(text: string, round: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(engine.api.socket);
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.write(text);
    if (round % 3 === 0) socket.end(() => socket.destroy());
    else socket.once('data', () => socket.destroy());
  });
}

test('attach', () =>
  flat(async (round) => {
    const client = await engine.attach(id, { logs: round % 2, stream: 1, stdin: 1, stdout: 1, stderr: 1 });
    if (round % 3 > 0) client.write('some input\n');
    if (round % 5 === 0) client.socket.pause();
    client.vanish();
  }));

test('attach by WebSocket', () =>
  flat(async (round) => {
    const path = `/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1&logs=${round % 2}`;
    const client = await WebSocketClient.open(engine.api.socket, path);
    if (round % 3 > 0) client.send(1, 'some input\n', round % 3 === 1);
    client.vanish();
  }));

test('exec', () =>
  flat(async (round) => {
    const exec = await engine.createExec(id, ['sh', '-c', 'echo begun; head -c 1'], { AttachStdin: true });
    if (round % 4 === 0) return; // never started
    const client = await engine.startExec(exec, {}, { early: round % 2 ? 'x' : '' });
    if (round % 3 === 0) await client.waitFor('begun');
    client.vanish();
  }));

test('logs, events, wait, and requests that are broken off', () =>
  flat(async (round) => {
    const requests = [
      `GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n`,
      'GET /events HTTP/1.1\r\nHost: x\r\n\r\n',
      `POST /containers/${id}/wait HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
      `POST /containers/${id}/wait?condition=removed HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
    ];
    await request(requests[round % requests.length]!, round);
    if (round % 10 === 0) {
      const half = net.connect(engine.api.socket);
      half.on('error', () => {});
      half.write(`POST /containers/${id}/exec HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"Cmd"`, () =>
        half.destroy(),
      );
    }
  }));
