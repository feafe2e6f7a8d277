import { descriptorOutput } from './output/stream.js';
import { runProgram } from './program.js';

/*
 * tdctl. The launcher keeps NODE_EXTRA_CA_CERTS away from Node, which would read all those certificates at every start
 * for a client that speaks to a Unix socket; what passes the environment on must still find it.
 */
const { env } = process;
if (env.TDCTL_NODE_EXTRA_CA_CERTS !== undefined) {
  env.NODE_EXTRA_CA_CERTS = env.TDCTL_NODE_EXTRA_CA_CERTS;
  delete env.TDCTL_NODE_EXTRA_CA_CERTS;
}

const stderr = descriptorOutput(2);
runProgram(process.argv.slice(2), { stdout: descriptorOutput(1), stderr, env }).then(
  // All output is written by now; connections and standard input need not be waited for.
  (code) => process.exit(code),
  (error: unknown) => {
    const detail = error instanceof Error ? (env.TDCTL_DEBUG ? error.stack : error.message) : String(error);
    stderr.write(`tdctl: ${detail}\n`);
    process.exit(1);
  },
);
