import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../helpers/engine.js';
import { TDCTL } from '../helpers/paths.js';

/** An engine to measure, with the command that its users type. */
export interface Side {
  readonly name: string;
  readonly engine: Engine;
  /** Runs the engine's command line client to its end. */
  readonly command: (...args: string[]) => Promise<void>;
  /** Which processes belong to the engine, and which of them to its containers, one each. */
  readonly owns: (commandLine: string, pid: number) => boolean;
  readonly isShim: (commandLine: string) => boolean;
  readonly close: () => Promise<void>;
}

/** Runs a program to its end; anything but success is an error. */
export function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env }, (error) => (error ? reject(error) : resolve()));
    child.stdin?.end();
  });
}

export async function tinydocker(): Promise<Side> {
  const engine = await Engine.open();
  const daemon = engine.daemon!;
  const isShim = (commandLine: string) => commandLine.startsWith('td-shim ') && commandLine.includes(daemon.execRoot);
  const env = { ...process.env, TINYDOCKER_HOST: `unix://${daemon.socket}` };
  return {
    name: 'tinydocker',
    engine,
    command: (...args) => run(TDCTL, args, env),
    owns: (commandLine, pid) => pid === daemon.pid || isShim(commandLine),
    isShim,
    close: () => engine.close(),
  };
}

/** The reference engine, where TINYDOCKER_REFERENCE names the program that runs it. */
export async function reference(): Promise<Side | undefined> {
  const tool = process.env.TINYDOCKER_REFERENCE;
  if (tool === undefined) return undefined;
  const client = mkdtempSync(join(tmpdir(), 'tdt-docker-'));
  execFileSync(tool, ['client', client], { stdio: 'ignore' });
  const socket = execFileSync(tool, ['start'], { encoding: 'utf8' }).trim();
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(client, 'config') };
  const engine = await Engine.open({ external: `unix://${socket}` });
  return {
    name: 'reference',
    engine,
    command: (...args) => run(join(client, 'docker'), args, env),
    owns: (commandLine) => /(^|\/)(dockerd|containerd|containerd-shim[^ ]*|docker-proxy) /.test(commandLine),
    isShim: (commandLine) => commandLine.includes('containerd-shim'),
    close: async () => {
      rmSync(client, { recursive: true });
      await engine.close();
    },
  };
}
