import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { Engine } from '../helpers/engine.js';
import { BINARY, CLOSE, PING, PONG, TEXT, WebSocketClient } from '../helpers/websocket.js';

const engine = await Engine.open();
after(() => engine.close());

const open = (id: string, query = 'stream=1&stdin=1&stdout=1&stderr=1', headers = {}, early?: Buffer) =>
  WebSocketClient.open(engine.api.socket, `/v1.51/containers/${id}/attach/ws?${query}`, headers, early);
const cat = { Cmd: ['cat'], OpenStdin: true, StdinOnce: true };

describe('attach by WebSocket', () => {
  test('both ways, both streams, as binary messages; the end of the container closes it', async () => {
    const id = await engine.launch({
      ...{ OpenStdin: true, StdinOnce: true },
      Cmd: ['sh', '-c', 'read x; echo out $x; echo err $x >&2; read y; exit 3'],
    });
    const client = await open(id);
    assert.equal(client.status, 101);
    client.send(TEXT, 'hel', false);
    client.send(PING, 'are you there');
    client.send(0, 'lo\n');
    await client.until('both lines', (c) => c.text().includes('out hello\n') && c.text().includes('err hello\n'));
    await client.until('the pong', (c) => c.frames.some(({ opcode }) => opcode === PONG));
    assert.equal(client.frames.find(({ opcode }) => opcode === PONG)?.data.toString(), 'are you there');
    assert.ok(client.frames.every(({ opcode }) => opcode === BINARY || opcode === PONG));
    client.send(BINARY, 'bye\n');
    await client.finished();
    assert.equal(client.frames.at(-1)?.opcode, CLOSE);
    assert.equal(client.frames.at(-1)?.data.readUInt16BE(0), 1000);
    assert.equal(await engine.wait(id), 3);
  });

  test('a client that closes ends the input; what it has sent arrives', async () => {
    const id = await engine.launch({ ...cat, Cmd: ['sh', '-c', 'cat; echo end'] });
    const client = await open(id, 'stream=1&stdin=1', {}, WebSocketClient.frame(BINARY, 'early '));
    client.send(BINARY, 'late');
    client.send(CLOSE, Buffer.from([3, 232]));
    await client.finished();
    assert.equal(client.frames.at(-1)?.opcode, CLOSE);
    assert.equal(await engine.wait(id), 0);
    assert.equal((await engine.logs(id)).stdout, 'early lateend\n');
  });

  test('one that vanishes too', async () => {
    const id = await engine.launch(cat);
    const client = await open(id);
    client.send(BINARY, 'x\n');
    await client.until('the echo', (c) => c.text() === 'x\n');
    client.vanish();
    assert.equal(await engine.wait(id), 0);
  });

  test('much in both directions, unchanged', async () => {
    const id = await engine.launch(cat);
    const client = await open(id);
    const data = randomBytes(4 << 20);
    for (let at = 0; at < data.length; at += 1 << 18) client.send(BINARY, data.subarray(at, at + (1 << 18)));
    const received = (c: WebSocketClient) => c.frames.reduce((sum, frame) => sum + frame.data.length, 0);
    await client.until('all of it', (c) => received(c) >= data.length);
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    assert.equal(hash(Buffer.concat(client.frames.map((frame) => frame.data))), hash(data));
    client.vanish();
    await engine.remove(id);
  });

  test('a terminal, detach keys, attached before the start', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'echo up; cat'], Tty: true, OpenStdin: true });
    const client = await open(id, 'stream=1&stdin=1&stdout=1&detachKeys=ctrl-x,q');
    await engine.start(id);
    await client.until('the output', (c) => c.text().includes('up\r\n'));
    client.send(BINARY, '\u0018q');
    await client.finished();
    assert.equal((await engine.inspect(id)).State.Running, true);
    await engine.remove(id);
  });

  test('the log first', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'echo before; read x; echo after'], OpenStdin: true });
    await engine.start(id);
    const follow = await engine.attach(id);
    follow.write('\n');
    await engine.wait(id);
    follow.vanish();
    const client = await open(id, 'logs=1&stdout=1');
    await client.finished();
    assert.equal(client.text(), 'before\nafter\n');
  });

  test('what is no handshake, no container, no WebSocket', async () => {
    const id = await engine.launch(cat);
    const plain = await engine.api.get(`/containers/${id}/attach/ws`, { stream: 1 });
    assert.deepEqual([plain.status, plain.text.trim()], [400, 'not websocket protocol']);
    const refused = async (target: string, status: number, body: RegExp, headers: Record<string, string> = {}) => {
      const client = await open(target, 'stream=1', headers);
      await client.finished();
      assert.equal(client.status, status);
      assert.match(client.body, body);
    };
    await refused('nosuch', 404, /"No such container: nosuch"/);
    await refused(id, 400, /mismatch challenge\/response/, { 'Sec-WebSocket-Key': 'short' });
    await refused(id, 400, /missing or bad WebSocket Version/, { 'Sec-WebSocket-Version': '7' });
    const client = await open(id);
    client.socket.write(Buffer.from([0x81, 1, 0x78])); // not masked
    await client.finished();
    assert.equal(client.frames.at(-1)?.data.readUInt16BE(0), 1002);
    await engine.remove(id);
  });
});
