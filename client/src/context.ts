import type { Readable, Writable } from 'node:stream';
import type { Connection } from './api/connection.js';

/** What a command is given instead of the process: streams to print to, the engine to talk to. */
export interface Context {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  stderr: Writable & { isTTY?: boolean };
  env: NodeJS.ProcessEnv;
  /** The engine that -H or TINYDOCKER_HOST names; connects when first used. */
  engine: Connection;
}
