import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Reply } from './api.js';
import type { Engine } from './engine.js';
import { type ReadEntry, untar } from './untar.js';
import { until } from './until.js';

export interface PathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}

/** The header that tells of a path. */
export const statOf = (reply: Reply): PathStat =>
  JSON.parse(Buffer.from(String(reply.headers['x-docker-container-path-stat']), 'base64').toString()) as PathStat;

/** What lies at a path of a container, as an archive that has been read to its end. */
export async function copyOut(engine: Engine, id: string, path: string): Promise<ReadEntry[]> {
  const reply = await engine.api.get(`/containers/${id}/archive`, { path });
  assert.equal(reply.status, 200, reply.text.slice(0, 500));
  assert.equal(reply.headers['content-type'], 'application/x-tar');
  return untar(reply.body);
}

export const copyIn = (
  engine: Engine,
  id: string,
  path: string,
  archive: Buffer | Readable,
  query: Record<string, string> = {},
): Promise<Reply> =>
  engine.api.call('PUT', `/containers/${id}/archive`, {
    query: { path, ...query },
    raw: archive,
    headers: { 'content-type': 'application/x-tar' },
  });

/** A container that runs a script to its end and then stays. */
export async function launchAfter(
  engine: Engine,
  script: string,
  config: Record<string, unknown> = {},
): Promise<string> {
  const id = await engine.launch({ Cmd: ['sh', '-c', `${script}\necho ready; exec sleep 600`], ...config });
  await until('the script', async () => (await engine.logs(id)).stdout.includes('ready'));
  return id;
}

/** The processes of td-layer and td-tree that this daemon has started and that are at work: their pids. */
export function helpersOf(daemon: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const [, comm, rest] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${Number(name)}/stat`, 'latin1'))!;
      const [state, parent] = rest!.split(' ');
      return /^td-(layer|tree)$/.test(comm!) && state !== 'Z' && Number(parent) === daemon ? [Number(name)] : [];
    } catch {
      return []; // no process, or one that has ended meanwhile
    }
  });
}
