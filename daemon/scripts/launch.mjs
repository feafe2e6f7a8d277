// launch.mjs LOG SOCKET FLAG...: starts tinydockerd in the background, in a session of its own, and prints its process id when it
// answers on its socket. Ends with status 1 when the daemon ends instead; it has said why in LOG.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, watch } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';

const [log, socket, ...flags] = process.argv.slice(2);
const directory = dirname(socket);
mkdirSync(dirname(log), { recursive: true, mode: 0o710 });
mkdirSync(directory, { recursive: true });

const output = openSync(log, 'a', 0o600);
const daemon = spawn(join(import.meta.dirname, '../bin/tinydockerd'), flags, {
  detached: true,
  cwd: '/',
  stdio: ['ignore', output, output],
});
daemon.on('exit', () => process.exit(1));

/** Connects where there is somebody to connect to; otherwise the next change of the socket, its mode at last, brings us back. */
function look() {
  const connection = connect(socket);
  connection.on('connect', () => {
    process.stdout.write(`${daemon.pid}\n`, () => process.exit(0));
  });
  connection.on('error', () => {});
}
watch(directory, (_event, name) => name === basename(socket) && look());
look();
