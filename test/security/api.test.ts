import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { until, within } from '../helpers/until.js';
import { rounds } from '../helpers/watch.js';

/* Clients that want the daemon to stand still, grow, or take one request for another (CVE-2026-97032, CVE-2026-78659, CVE-2026-78663, CVE-2026-78669). */

const engine = await Engine.open({ args: ['--log-level', 'error'] });
after(() => engine.close());
const daemon = engine.daemon!;

const answers = () => within('an answer to _ping', ok(engine.api.get('/_ping')), 5000);
const memory = () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))![1]) >> 10;
const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;

/** A connection with what it has received; whatever happens to it, the test goes on. */
class Raw {
  readonly socket = net.connect({ path: daemon.socket, allowHalfOpen: false });
  received = '';
  closed = false;
  constructor(text: string | Buffer = '') {
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => {
      this.received += data.toString('latin1');
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    if (text.length > 0) this.socket.write(text);
  }
  until(what: string, is: (self: this) => boolean, deadline?: number) {
    return until(what, () => is(this), deadline);
  }
}

describe('heads', () => {
  test('of a megabyte are refused, in one header or in thousands, without an end as well', async () => {
    const line = `X-Filler: ${'x'.repeat(1000)}\r\n`;
    for (const head of [
      `GET /_ping HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(1 << 20)}\r\n\r\n`,
      `GET /_ping HTTP/1.1\r\nHost: x\r\n${line.repeat(1100)}\r\n`,
      `GET /_ping HTTP/1.1\r\nHost: x\r\n${line.repeat(1100)}`,
      `GET /${'x'.repeat(1 << 20)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ]) {
      const raw = new Raw(head);
      await raw.until('it is hung up', ({ closed }) => closed);
      assert.match(raw.received, /^(HTTP\/1\.1 431 |$)/);
      await answers();
    }
  });

  test('that come a byte at a time hold nobody up, hundreds of them', async () => {
    const slow = Array.from({ length: 300 }, () => new Raw('GET /_ping HTTP/1.1\r\n'));
    for (let i = 0; i < 20; i++) {
      for (const { socket } of slow) socket.write('x');
      await answers();
    }
    await engine.run(['true']);
    for (const { socket } of slow) socket.destroy();
  });

  test('for HTTP/2 are not understood, and not taken for anything else', async () => {
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
    const raw = new Raw(preface);
    await raw.until('it is hung up', ({ closed }) => closed);
    assert.match(raw.received, /^HTTP\/1\.1 400 /);
    const upgrade = new Raw(
      'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
    );
    await upgrade.until('an answer', ({ received }) => received.includes('\r\n\r\n'));
    assert.match(upgrade.received, /^HTTP\/1\.1 200 /);
    upgrade.socket.destroy();
  });

  test('that say two things of the body are refused', async () => {
    const body = '{"Image":"x"}';
    for (const headers of [
      `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`,
      `Content-Length: ${body.length}\r\nContent-Length: 1\r\n`,
      'Content-Length: -1\r\n',
      'Content-Length: 1e3\r\n',
      'Transfer-Encoding: chunked, identity\r\n',
    ]) {
      for (const target of ['/containers/create', '/exec/x/start', '/containers/x/attach']) {
        const raw = new Raw(
          `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n${body}`,
        );
        await raw.until('it is hung up', ({ closed }) => closed);
        assert.match(raw.received, /^HTTP\/1\.1 400 /, `${headers}${target}: ${raw.received.slice(0, 100)}`);
      }
    }
    await answers();
  });
});

describe('bodies', () => {
  const head = (length: number | 'chunked', target = '/containers/create') =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
    (length === 'chunked' ? 'Transfer-Encoding: chunked\r\n\r\n' : `Content-Length: ${length}\r\n\r\n`);

  test('beyond the limit are refused before they are read, however they are sent', async () => {
    const before = memory();
    for (const target of ['/containers/create', '/containers/x/exec', '/volumes/create', '/exec/x/start']) {
      for (const length of [64 << 20, 'chunked'] as const) {
        const raw = new Raw(head(length, target));
        const piece = Buffer.alloc(1 << 20, ' ');
        for (let i = 0; i < 64 && !raw.closed; i++) {
          if (length === 'chunked') raw.socket.write(`${piece.length.toString(16)}\r\n`);
          raw.socket.write(piece);
          if (length === 'chunked') raw.socket.write('\r\n');
          if (i % 8 === 0) await new Promise(setImmediate);
        }
        await raw.until('an answer, or the end', ({ received, closed }) => closed || received.includes('\r\n\r\n'));
        if (!raw.closed || raw.received !== '') assert.match(raw.received, /^HTTP\/1\.1 (413|404) /);
        raw.socket.destroy();
      }
    }
    await answers();
    assert.ok(memory() < before + 150, `${memory()} MiB after ${before}`);
  });

  test('that are never finished hold nobody up', async () => {
    const before = descriptors();
    const half = Array.from(
      { length: 300 },
      (_, i) =>
        new Raw(
          head(i % 2 ? 1000 : 'chunked', i % 3 ? '/containers/create' : '/exec/x/start') +
            (i % 2 ? '{"Image":' : 'ff\r\n{"Image":'),
        ),
    );
    await until('all are there', () => descriptors() >= before + 290);
    await answers();
    await engine.run(['true']);
    for (const { socket } of half) socket.destroy();
    await until('none is there any more', () => descriptors() <= before + 10);
  });

  test('nested a million deep are refused with a sentence', async () => {
    for (const raw of [
      '['.repeat(1e6),
      `{"Labels":${'{"a":'.repeat(1e6)}`,
      `{"Image":"${engine.image}","Cmd":${'['.repeat(5e5)}${']'.repeat(5e5)}}`,
    ]) {
      const reply = await engine.api.call('POST', '/containers/create', {
        raw,
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(reply.status, 400, reply.text.slice(0, 200));
    }
    // What no schema names is passed over, but not at any depth.
    const raw = `{"Image":"${engine.image}","Cmd":["true"],"Other":${'['.repeat(4e5)}${']'.repeat(4e5)}}`;
    const reply = await engine.api.call('POST', '/containers/create', {
      raw,
      headers: { 'content-type': 'application/json' },
    });
    assert.match(reply.message, /nested more than 500 levels deep/);
    await answers();
  });

  test('with names of JavaScript’s own objects are data', async () => {
    const raw = `{"Image":"${engine.image}","Cmd":["true"],"HostConfig":{"NetworkMode":"none"},"Labels":{"constructor":"a","__proto__":"b","toString":"c"}}`;
    const reply = await engine.api.call('POST', '/containers/create', {
      raw,
      headers: { 'content-type': 'application/json' },
    });
    await (reply.status === 201
      ? engine.remove(reply.json<{ Id: string }>().Id)
      : refused(Promise.resolve(reply), 400, /./));
    for (const filters of ['{"__proto__":["x"]}', '{"constructor":["x"]}', '{"label":{"__proto__":true}}'])
      assert.ok([200, 400].includes((await engine.api.get('/containers/json', { filters })).status));
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
    await answers();
  });
});

describe('connections', () => {
  test('that say nothing, by the thousand, and that come and go', async () => {
    const before = descriptors();
    const idle: Raw[] = [];
    for (let i = 0; i < rounds(2500); i++) {
      idle.push(new Raw());
      if (i % 250 === 0) await answers();
    }
    await engine.run(['true']);
    await answers();
    for (const { socket } of idle) socket.destroy();
    await until('none is there any more', () => descriptors() <= before + 10);
    for (let i = 0; i < 500; i++) new Raw('GET /events HTTP/1.1\r\nHost: x\r\n\r\n').socket.destroySoon();
    await answers();
    await until('none is there any more', () => descriptors() <= before + 10);
  });

  test('more than there are descriptors: the engine keeps what it needs for itself', async () => {
    const small = await Engine.open({ descriptors: 512 });
    try {
      const sockets = Array.from({ length: 700 }, () => net.connect(small.daemon!.socket).on('error', () => {}));

      await until('they are there', () => readdirSync(`/proc/${small.daemon!.pid}/fd`).length > 200);
      for (const socket of sockets) socket.destroy();
      await within('a container afterwards', small.run(['true']), 20_000);
    } finally {
      await small.close();
    }
  });

  test('that ask a hundred things at once get a hundred answers, in order', async () => {
    const raw = new Raw(
      Array.from({ length: 100 }, (_, i) => `GET /${i % 2 ? '_ping' : 'nothing'} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''),
    );
    await raw.until('all answers', ({ received }) => (received.match(/HTTP\/1\.1 /g) ?? []).length === 100);
    assert.deepEqual(
      raw.received.match(/HTTP\/1\.1 \d+/g),
      Array.from({ length: 100 }, (_, i) => `HTTP/1.1 ${i % 2 ? 200 : 404}`),
    );
    raw.socket.destroy();
  });

  test('that do not read what they asked for', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'yes | head -c 8000000; sleep 600'] });
    await until(
      'the log',
      async () => (await engine.api.get(`/containers/${id}/logs`, { stdout: 1, tail: 1 })).body.length > 0,
    );
    const before = memory();
    const greedy = Array.from({ length: 40 }, () => {
      const raw = new Raw(`GET /containers/${id}/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
      raw.socket.pause();
      return raw;
    });
    for (let i = 0; i < 20; i++) await answers();
    assert.ok(memory() < before + 200, `${memory()} MiB after ${before}`);
    for (const { socket } of greedy) socket.destroy();
    await engine.remove(id);
  });
});

describe('patterns that take for ever', () => {
  test('in a filter they end in a moment', async () => {
    const name = 'a'.repeat(60);
    const id = await engine.create({ Cmd: ['true'] }, name);
    for (const filters of [{ name: ['^(a+)+$x'] }, { name: ['(a|aa)+$b'] }, { name: ['(.*)*(.*)*(.*)*(.*)*x'] }]) {
      const reply = await within(
        'an answer',
        engine.api.get('/containers/json', { all: 1, filters: JSON.stringify(filters) }),
        5000,
      );
      assert.ok([200, 400].includes(reply.status), reply.text);
      await answers();
    }
    await engine.remove(id);
  });

  test('in the options of a log they end in a moment', async () => {
    const Config = { 'labels-regex': '^(a+)+$', 'env-regex': '^(a+)+$' };
    const id = await engine.create({
      Cmd: ['true'],
      Labels: { [`${'a'.repeat(60)}!`]: 'x' },
      Env: [`${'a'.repeat(60)}!=x`],
      HostConfig: { LogConfig: { Type: 'json-file', Config } },
    });
    const reply = await within('an answer', engine.api.post(`/containers/${id}/start`), 5000);
    assert.ok([204, 400].includes(reply.status), reply.text);
    await answers();
    await engine.remove(id);
  });
});
