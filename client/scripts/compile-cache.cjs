// Writes V8's compiled form of the bundle, dist/tdctl.cache: node compile-cache.cjs <dist>
// V8 compiles a function when it is first called. So the commands whose speed matters are run here against an engine that
// answers everything, and what V8 has compiled by then is kept.
'use strict';
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { Script } = require('node:vm');

const dist = process.argv[2];
const directory = mkdtempSync(join(tmpdir(), 'tdctl-cache-'));
const socket = join(directory, 'engine.sock');

const json = (status, value) => {
  const body = JSON.stringify(value);
  return `HTTP/1.1 ${status} Answer\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};
const VERSION = json(200, {
  Platform: { Name: 'tinydocker' },
  Components: [{ Name: 'Engine', Version: '1', Details: { ApiVersion: '1', GitCommit: 'x' } }],
});
const CONTAINER = {
  ...{ Id: 'a'.repeat(64), Names: ['/a'], Image: 'a', ImageID: 'a', Command: 'a', Created: 0, State: 'running' },
  ...{ Status: 'Up', Ports: [], Labels: {}, Mounts: [], NetworkSettings: { Networks: {} } },
};

let finish = () => {};
/** An answer to each path, and what happens beyond that. */
function answer(connection, path) {
  if (path.endsWith('/version')) connection.write(VERSION);
  else if (path.endsWith('/containers/json')) connection.write(json(200, [CONTAINER]));
  else if (path.endsWith('/create')) connection.write(json(201, { Id: 'a'.repeat(64), Warnings: [] }));
  else if (path.endsWith('/exec')) connection.write(json(201, { Id: 'b' }));
  else if (path.endsWith('/exec/b/json')) connection.write(json(200, { ExitCode: 0 }));
  else if (path.endsWith('/wait')) {
    connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    finish = () => connection.write('10\r\n{"StatusCode":0}\r\n0\r\n\r\n');
  } else if (path.endsWith('/attach') || path.endsWith('/exec/b/start')) {
    connection.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    connection.end(Buffer.from([1, 0, 0, 0, 0, 0, 0, 1, 10]));
  } else {
    connection.write('HTTP/1.1 204 No Content\r\n\r\n');
    finish();
  }
}

const server = createServer({ allowHalfOpen: true }, (connection) => {
  connection.on('error', () => {});
  connection.on('data', (data) => {
    for (const [, path] of data.toString('latin1').matchAll(/^[A-Z]+ (\S+?)(?:\?\S*)? HTTP/gm))
      answer(connection, path);
  });
});

const script = new Script(readFileSync(join(dist, 'tdctl.bundle'), 'latin1'), { filename: 'tdctl' });

/** One command line, as if in a process of its own. */
function run(...argv) {
  process.argv = [process.execPath, 'tdctl', '-H', `unix://${socket}`, ...argv];
  return new Promise((resolve, reject) => {
    process.exit = (code) => (code === 0 ? resolve() : reject(new Error(`tdctl ${argv.join(' ')}: exit code ${code}`)));
    script.runInThisContext()(require, { exports: {} }, {});
  });
}

const exit = process.exit;
server.listen(socket, async () => {
  try {
    await run('version');
    await run('ps');
    await run('run', '--rm', '-e', 'A=1', '-v', '/a:/b', 'a', 'true');
    await run('run', '-d', 'a');
    await run('exec', 'a', 'true');
    writeFileSync(join(dist, 'tdctl.cache'), script.createCachedData());
  } finally {
    rmSync(directory, { recursive: true });
  }
  exit.call(process, 0);
});
