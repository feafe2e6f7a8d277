import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ContainerCreateRequest } from '@tinydocker/shared/api/containers.js';
import { cuts, nearly, pieces, runs, tamed } from '@tinydocker/shared/test-properties.js';
import fc from 'fast-check';
import { installUpgrade, upgradedRequest } from './api/upgrade.js';
import { compileValidator } from './api/validator.js';
import { compareVersions } from './api/version.js';
import { BINARY, CLOSE, PING, TEXT, WebSocketError, WebSocketReader } from './api/websocket-frames.js';
import { parseDocument, readManifest } from './image/manifest.js';
import { parseBind } from './runtime/bind-spec.js';
import { parseIdmap } from './runtime/idmap.js';
import { mountDestination, subPath } from './runtime/mount-path.js';
import { tmpfsOptions } from './runtime/tmpfs.js';
import { parseDetachKeys } from './services/containers/detach-keys.js';
import { hostsFile } from './services/containers/engine-files.js';
import { checkTag } from './services/containers/log-tag.js';
import { parseExtraHost } from './services/containers/validate.js';
import { matcher } from './services/images/pattern.js';

/* What holds for every request, and for every image. */

/** A frame as clients send it. */
function masked(opcode: number, data: Buffer, final: boolean, mask: Buffer): Buffer {
  const head = Buffer.from([(final ? 0x80 : 0) | opcode, 0x80 | 126, data.length >> 8, data.length & 255]);
  const short = Buffer.from([(final ? 0x80 : 0) | opcode, 0x80 | data.length]);
  return Buffer.concat([data.length < 126 ? short : head, mask, data.map((byte, i) => byte ^ mask[i & 3]!)]);
}

test('messages of a WebSocket come out as they went in, wherever the connection cuts them', () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((data) => Buffer.from(data));
  const mask = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((data) => Buffer.from(data));
  const message = fc.array(bytes(300), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), bytes(20), mask, cuts, (messages, ping, key, where) => {
      const frames = messages.flatMap((parts) => [
        ...parts.map((data, i) => masked(i === 0 ? BINARY : 0, data, i === parts.length - 1, key)),
        masked(PING, ping, true, key),
      ]);
      const seen: Buffer[] = [];
      let pings = 0;
      let closed = false;
      const reader = new WebSocketReader({
        data: (piece) => seen.push(Buffer.from(piece)),
        ping: (data) => {
          assert.deepEqual(data, ping);
          pings++;
        },
        close: () => {
          closed = true;
        },
      });
      for (const piece of pieces(Buffer.concat([...frames, masked(CLOSE, Buffer.alloc(0), true, key)]), where))
        reader.write(piece);
      assert.deepEqual(Buffer.concat(seen), Buffer.concat(messages.flat()));
      assert.deepEqual([pings, closed], [messages.length, true]);
    }),
    runs,
  );
});

test('what is no WebSocket is closed with a code, and gives no more than came', () => {
  const first = fc.constantFrom(0x80 | TEXT, TEXT, 0, 0x80, 0x80 | BINARY, 0x80 | CLOSE, 0x80 | PING, 0xff, 0x83);
  const frame = fc.tuple(first, fc.nat(255), fc.uint8Array({ maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), cuts, (frames, where) => {
      const data = Buffer.concat(frames.map(([a, b, rest]) => Buffer.from([a, b, ...rest])));
      let size = 0;
      const count = (piece: Buffer) => {
        size += piece.length;
      };
      try {
        const reader = new WebSocketReader({ data: count, ping: count, close: () => {} });
        for (const piece of pieces(data, where)) reader.write(piece);
      } catch (error) {
        assert.ok(error instanceof WebSocketError && error.code >= 1000, String(error));
      }
      assert.ok(size <= data.length);
    }),
    runs,
  );
});

const home = mkdtempSync(join(tmpdir(), 'td-property-'));
const socketPath = join(home, 's');
const server = createServer();
/** What the route saw of the last request: its body, and what came behind it. */
let served: { body: string; early: string } | undefined;

before(async () => {
  const routing = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    try {
      for await (const piece of request) body += (piece as Buffer).toString('latin1');
    } catch {
      return; // refused, or broken off, before its end
    }
    const upgraded = upgradedRequest(request)!;
    const buffered = upgraded.body.detach();
    const early = Buffer.concat([buffered, (upgraded.socket.read() as Buffer | null) ?? Buffer.alloc(0)]);
    served = { body, early: early.toString('latin1') };
    response.end('served');
  };
  installUpgrade(server, (request, response) => void routing(request, response));
  server.listen(socketPath);
  await once(server, 'listening');
});
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(home, { recursive: true });
});

/** Sends bytes, then ends; gives what comes back. */
async function talk(parts: readonly Buffer[]): Promise<string> {
  served = undefined;
  const socket = connect(socketPath);
  let answer = '';
  socket.on('data', (piece) => {
    answer += piece.toString('latin1');
  });
  socket.on('error', () => {}); // hung up while there was more to be sent
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await once(socket, 'connect');
  for (const piece of parts) {
    socket.write(piece);
    await new Promise(setImmediate);
  }
  socket.end();
  await closed;
  return answer;
}

test('the body of a request that takes its connection over is its body, and what follows is the input', async () => {
  const part = fc.string({ minLength: 1, maxLength: 60 }).map((text) => Buffer.from(text).toString('latin1'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 4 }),
      part,
      fc.boolean(),
      cuts,
      async (chunks, early, chunked, where) => {
        const body = chunks.join('');
        const how = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
        const sent = chunked ? `${chunks.map((c) => `${c.length.toString(16)}\r\n${c}\r\n`).join('')}0\r\n\r\n` : body;
        const head = `POST /exec/x/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${how}\r\n\r\n`;
        // The last byte of the request comes with what is behind it: an answer ends the connection.
        const all = Buffer.from(head + sent, 'latin1');
        const parts = pieces(all.subarray(0, -1), where);
        const answer = await talk([...parts, Buffer.concat([all.subarray(-1), Buffer.from(early, 'latin1')])]);
        assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*served/);
        assert.equal(served?.body, body);
        assert.equal(served?.early, early);
      },
    ),
    { ...runs, numRuns: Math.ceil(runs.numRuns / 8) },
  );
});

test('a body that is malformed, or shorter than it says, is refused or never served', async () => {
  const words = [
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    'ffffffff\r\n',
    '-1\r\n',
    '\r\n',
    'x',
    ';ext\r\n',
    '1e1\r\n',
    `${'9'.repeat(5000)}`,
    '0x5\r\n',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...words), { maxLength: 5 }), cuts, async (parts, where) => {
      const head =
        'POST /exec/x/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nTransfer-Encoding: chunked\r\n\r\n';
      const answer = await talk(pieces(Buffer.from(head + parts.join('')), where));
      assert.match(answer, /^(HTTP\/1\.1 (200|400) |$)/);
      if (served) assert.ok(/^(hello)*$/.test(served.body), served.body);
    }),
    { ...runs, numRuns: Math.ceil(runs.numRuns / 8) },
  );
});

test('manifests have digests and sizes, or are refused', () => {
  const digest = fc.oneof(
    fc.constantFrom(`sha256:${'a'.repeat(64)}`, 'sha256:../x', `sha256:${'A'.repeat(64)}`, '', 'x'),
    fc.jsonValue(),
  );
  const descriptor = fc.oneof(
    fc.record(
      {
        digest,
        size: fc.oneof(fc.integer(), fc.double(), fc.string()),
        mediaType: fc.oneof(
          fc.constantFrom('application/vnd.oci.image.layer.v1.tar', 'application/vnd.oci.image.config.v1+json', 'x'),
          fc.jsonValue(),
        ),
        platform: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  );
  const list = fc.oneof(fc.array(descriptor, { maxLength: 3 }), fc.jsonValue());
  const document = fc.record(
    {
      schemaVersion: fc.constantFrom(1, 2, '2'),
      mediaType: fc.oneof(
        fc.constantFrom('application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.index.v1+json'),
        fc.jsonValue(),
      ),
      config: descriptor,
      layers: list,
      manifests: list,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      document,
      fc.option(fc.constantFrom('application/vnd.oci.image.manifest.v1+json', 'x'), { nil: undefined }),
      (json, expected) => {
        const manifest = tamed(() => readManifest(JSON.parse(JSON.stringify(json)), 'it', expected));
        if (!manifest) return;
        const all = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
        for (const { digest, size } of all)
          assert.ok(/^sha256:[0-9a-f]{64}$/.test(digest) && Number.isSafeInteger(size) && size >= 0);
      },
    ),
    runs,
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      (bytes) => void tamed(() => parseDocument(Buffer.from(bytes), 'it')),
    ),
    runs,
  );
});

test('a request is as its schema says, or is refused with a sentence', () => {
  const validate = compileValidator(ContainerCreateRequest, 'body') as (value: unknown) => {
    value?: Record<string, unknown>;
    error?: Error;
  };
  const host = fc.record(
    {
      Memory: fc.jsonValue(),
      Binds: fc.jsonValue(),
      Ulimits: fc.jsonValue(),
      PortBindings: fc.jsonValue(),
      LogConfig: fc.jsonValue(),
      Mounts: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const request = fc.record(
    {
      Image: fc.jsonValue(),
      Cmd: fc.jsonValue(),
      Env: fc.jsonValue(),
      Labels: fc.jsonValue(),
      HostConfig: fc.oneof(host, fc.jsonValue()),
      Healthcheck: fc.jsonValue(),
      Tty: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(request, fc.jsonValue()), (given) => {
      const { value, error } = validate(JSON.parse(JSON.stringify(given)));
      if (error) return void assert.match(error.message, /^invalid JSON: \S/);
      const { Image, Env, Labels } = value!;
      assert.ok(Image === undefined || Image === null || typeof Image === 'string');
      assert.ok(
        Env === undefined || Env === null || (Array.isArray(Env) && Env.every((entry) => typeof entry === 'string')),
      );
      assert.ok(!Labels || Object.values(Labels).every((text) => typeof text === 'string'));
    }),
    runs,
  );
});

test('what mounts are made of is a clean path, or refused', () => {
  const path = nearly('/', '..', '.', 'a', 'proc', ':', 'ro', 'rw', 'z', 'idmap', '=', ',', 'rshared', '\n', '\\');
  const clean = (text: string) => {
    assert.ok(text.startsWith('/'), text);
    assert.ok(
      text === '/' ||
        text
          .slice(1)
          .split('/')
          .every((part) => part !== '' && part !== '.' && part !== '..'),
      text,
    );
  };
  fc.assert(
    fc.property(path, (text) => {
      const destination = tamed(() => mountDestination(text));
      if (destination !== undefined) clean(destination);
      const below = tamed(() => subPath(text, 'volume'));
      if (below !== undefined) assert.ok(!below.startsWith('/') && !below.split('/').includes('..'), below);
      const bind = tamed(() => parseBind(text));
      if (bind) clean(bind.destination);
      for (const option of tamed(() => tmpfsOptions(text)) ?? []) assert.ok(!option.includes(','));
    }),
    runs,
  );
});

test('maps of ids have ranges within what the kernel takes', () => {
  const text = nearly('uids=', 'gids=', ';', '-', '0', '1000', '4294967295', '#', '@', '9'.repeat(20));
  fc.assert(
    fc.property(text, (given) => {
      const map = tamed(() => parseIdmap(given));
      for (const { containerID, hostID, size } of [...(map?.uids ?? []), ...(map?.gids ?? [])])
        assert.ok(
          size > 0 && containerID >= 0 && hostID >= 0 && containerID + size <= 2 ** 32 && hostID + size <= 2 ** 32,
        );
    }),
    runs,
  );
});

test('entries for hosts are one line each', () => {
  const text = nearly('name', ':', '=', '1.2.3.4', '[::1]', 'host-gateway', '\n', ' ', '\u2028', '#');
  fc.assert(
    fc.property(fc.array(text, { maxLength: 3 }), (entries) => {
      const good = entries.filter((entry) => tamed(() => parseExtraHost(entry)) !== undefined);
      const lines = hostsFile({ config: {}, hostConfig: { ExtraHosts: good } } as never, ['10.0.0.1']).split('\n');
      assert.equal(lines.length, 7 + good.length);
      for (const line of lines.slice(6, -1)) assert.match(line, /^\S+\t\S+$/);
    }),
    runs,
  );
});

test('patterns, tags, keys and versions are understood, or refused', () => {
  const text = nearly(
    '*',
    '?',
    '[',
    ']',
    '^',
    '-',
    '\\',
    'a',
    '{{',
    '}}',
    '.Name',
    '.ID',
    'ctrl-',
    'p',
    ',',
    '@',
    '1',
    '.',
    '44',
  );
  fc.assert(
    fc.property(text, fc.string(), (given, other) => {
      assert.ok(['boolean', 'undefined'].includes(typeof tamed(() => matcher(given)(other))));
      tamed(() => checkTag(given));
      for (const key of tamed(() => parseDetachKeys(given)) ?? [])
        assert.ok(Number.isInteger(key) && key >= 0 && key < 256);
      assert.equal(typeof compareVersions(given, other), 'number');
    }),
    runs,
  );
});
