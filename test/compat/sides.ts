import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../helpers/engine.js';
import type { NetworkNamespace } from '../helpers/netns.js';
import { busyboxTar } from '../helpers/paths.js';
import { DEADLINE_MS } from '../helpers/until.js';

/** What a scenario shows: compared as it is, after names and times have been taken out. */
export interface Shown {
  stdout: string;
  stderr: string;
  code: number;
}

/** An engine as a user of the docker command sees it. */
export interface Side {
  readonly name: string;
  /** Runs a shell script in which `docker` speaks to this engine. */
  run(script: string): Promise<Shown>;
}

export interface Sides {
  ours: Side;
  reference: Side;
  close(): Promise<void>;
}

const REFERENCE = process.env.TINYDOCKER_REFERENCE;

/** What every script can use: `run` is docker run without a network, `$N` begins the names of its containers, `$D` is a directory. */
const PREAMBLE = `
set +e
run() { docker run --network none "$@"; }
create() { docker create --network none "$@"; }
`;

export interface SidesOptions {
  /** The network namespace of our engine; without one it has no networks. */
  network?: NetworkNamespace;
  /** Further variables of the scripts. */
  env?: Record<string, string>;
  /** ms that a script may take. */
  deadline?: number;
}

/** Starts both engines, both with the same image under the name $IMAGE, and gets the docker command. */
export async function openSides({ network, env: more, deadline }: SidesOptions = {}): Promise<Sides> {
  if (REFERENCE === undefined) throw new Error('TINYDOCKER_REFERENCE names the program that runs the reference engine');
  const client = mkdtempSync(join(tmpdir(), 'tdt-docker-'));
  execFileSync(REFERENCE, ['client', client], { stdio: 'ignore' });
  const socket = execFileSync(REFERENCE, ['start'], { encoding: 'utf8' }).trim();
  const ours = await Engine.open(network ? { network } : {});
  const theirs = await Engine.open({ external: `unix://${socket}` });
  await ours.api.post(`/images/${ours.image}/tag`, undefined, { repo: theirs.image.split(':')[0], tag: 'latest' });
  const side = (name: string, engine: Engine): Side => ({
    name,
    run: (script) => {
      const env = {
        PATH: `${client}:${process.env.PATH}`,
        HOME: client,
        DOCKER_CONFIG: join(client, 'config'),
        DOCKER_HOST: `unix://${engine.api.socket}`,
        DOCKER_CLI_HINTS: 'false',
        TAR: busyboxTar(),
        IMAGE: engine.image === 'busybox:latest' ? theirs.image : engine.image,
        ...more,
      };
      return shell(`${PREAMBLE}${script}`, env, deadline);
    },
  });
  return {
    ours: side('tinydocker', ours),
    reference: side('reference', theirs),
    close: async () => {
      rmSync(client, { recursive: true, force: true });
      await theirs.close();
      await ours.close();
    },
  };
}

let serial = 0;

/** Runs the script, removes the containers that bear its name, and takes out what differs from run to run. */
async function shell(script: string, env: NodeJS.ProcessEnv, deadline?: number): Promise<Shown> {
  const name = `tdt${process.pid}x${++serial}`;
  const directory = mkdtempSync(join(tmpdir(), 'tdt-script-'));
  const all = { ...env, N: name, D: directory };
  const shown = await bash(script, all, deadline);
  await bash('docker ps -aq --no-trunc --filter name=^/$N | xargs -r docker rm -fv', all);
  rmSync(directory, { recursive: true });
  const plain = (text: string) => normalise(text.replaceAll(directory, 'DIRECTORY'), name);
  return { ...shown, stdout: plain(shown.stdout), stderr: plain(shown.stderr) };
}

function bash(script: string, env: NodeJS.ProcessEnv, deadline = DEADLINE_MS): Promise<Shown> {
  return new Promise((resolve) => {
    // A session of its own: when it hangs, all that it has started can be ended.
    const options = { env, maxBuffer: 64 << 20 };
    const child = execFile('setsid', ['bash', '-c', script], options, (_, stdout, stderr) => {
      clearTimeout(guard);
      resolve({ stdout, stderr, code: child.exitCode ?? -1 });
    });
    const guard = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), deadline);
    child.stdin?.end();
  });
}

/** Replaces what no two runs have in common. */
export function normalise(text: string, name: string): string {
  return text
    .replaceAll(name, 'NAME')
    .replace(/\b[0-9a-f]{64}\b/g, '<id>')
    .replace(/\b[0-9a-f]{12}\b/g, '<short id>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, '<time>')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} UTC/g, '<time>')
    .replace(/(Less than a second|\d+ seconds?|About a minute|\d+ minutes)( ago)?/g, '<duration>$2')
    .replace(/\b[a-z]+_[a-z]+\d?\b(?=\s*$)/gm, (word) => (/^(tdt|NAME)/.test(word) ? word : '<made-up name>'))
    .replace(/ +/g, ' ');
}
