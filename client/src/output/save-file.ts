import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { posix } from 'node:path';
import { reason } from '../commands/container/env-file.js';
import type { Failure } from '../errors.js';

/** Refuses what a file cannot be made of, in docker's words. */
export function checkOutputFile(path: string, failure: (why: string) => Failure): void {
  const directory = posix.dirname(posix.normalize(path));
  if (!statSync(directory, { throwIfNoEntry: false })) {
    throw failure(`invalid output path: stat ${directory}: no such file or directory`);
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw failure('cannot write to a directory');
  if (stat && !stat.isFile()) throw failure(`cannot write to ${path}: it is no regular file`);
}

/** Writes an answer to a file, which is there when it is whole. */
export async function saveReply(
  reply: { each(take: (chunk: Buffer) => void): Promise<void> },
  path: string,
  failure: (why: string) => Failure,
): Promise<void> {
  const half = `${path}.tdctl-${process.pid}`;
  try {
    const fd = openSync(half, 'wx', 0o600);
    await reply.each((chunk) => {
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
    });
    closeSync(fd);
    renameSync(half, path);
  } catch (error) {
    rmSync(half, { force: true });
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw code && syscall ? failure(`${syscall} ${path}: ${reason(error as NodeJS.ErrnoException)}`) : error;
  }
}
