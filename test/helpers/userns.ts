import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Engine } from './engine.js';
import { PrivateEtc } from './private-etc.js';

/** Root of the containers of the remapped daemon, and the pool that the others have their ranges from. */
export const REMAP = 500000;
export const GROUPS = 600000;
export const POOL = 1000000;
export const RANGE = 65536;

/** For `--userns auto`. */
export const AUTO = { HostConfig: { UsernsMode: 'auto' } };

/** A private /etc with ranges of ids for daemons with user namespaces; the file that asks for it closes it. */
export const usernsEtc = (): Promise<PrivateEtc> =>
  PrivateEtc.make({
    passwd: 'root:x:0:0:root:/root:/bin/sh\nmapper:x:4242:4242::/nonexistent:/bin/false\n',
    group: 'root:x:0:\nmappers:x:4343:\n',
    subuid: `mapper:${REMAP}:1000\n4242:${REMAP + 10000}:70000\ntinydocker-auto:${POOL}:${3 * RANGE}\nbroken:x:y\nzero:0:10\n`,
    subgid: `mapper:700000:65536\nmappers:${GROUPS}:65536\ntinydocker-auto:${POOL + 7}:${3 * RANGE}\nbroken:1:1\nzero:1:10\n`,
  });

/** An engine whose containers are remapped, for one test file: it ends with the file. */
export async function usernsEngine() {
  const etc = await usernsEtc();
  const engine = await Engine.open({ args: ['--userns-remap', 'mapper:mappers'], enter: etc.enter });
  after(async () => {
    await engine.close();
    etc.close();
  });
  /** What the script says in a container of its own, where it succeeds. */
  const sh = async (script: string, config: Record<string, unknown> = {}) => {
    const { stdout, stderr, exitCode } = await engine.run(['sh', '-c', script], config);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  /** The host's number of root in a running container. */
  const rootOf = async (id: string) => {
    const { Pid } = (await engine.inspect(id)).State;
    return Number(readFileSync(`/proc/${Pid}/uid_map`, 'utf8').trim().split(/\s+/)[1]);
  };
  return { engine, sh, rootOf };
}

/** A directory of the host's, open to all so that only ownership tells; removed with the test file. */
export function sharedDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tdt-shared-'));
  chmodSync(dir, 0o777);
  after(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Owner and group that the host sees. */
export const ownerOf = (path: string): [number, number] => {
  const { uid, gid } = lstatSync(path);
  return [uid, gid];
};
