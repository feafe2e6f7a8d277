import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { posix } from 'node:path';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { text } from '../../flags/types.js';
import { reason } from './env-file.js';

const failure = (why: string): Failure => new Failure(`failed to export container: ${why}`);

/** Refuses what a file cannot be made of, in docker's words. */
function checkFile(path: string): void {
  const directory = posix.dirname(posix.normalize(path));
  if (!statSync(directory, { throwIfNoEntry: false })) {
    throw failure(`invalid output path: stat ${directory}: no such file or directory`);
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw failure('cannot write to a directory');
  if (stat && !stat.isFile()) throw failure(`cannot write to ${path}: it is no regular file`);
}

export const command = defineCommand({
  names: ['export', 'container export'],
  usage: '[OPTIONS] CONTAINER',
  summary: "Export a container's filesystem as a tar archive",
  examples: [
    ['tdctl export -o web.tar web', 'Into a file, which is there when it is whole'],
    ['tdctl export web | tar t', 'What it holds'],
  ],
  flags: { output: text('Write to a file, instead of STDOUT', 'o') },
  args: { min: 1, max: 1 },
  async run({ engine, stdout }, { flags, args }) {
    const { output } = flags;
    if (output === undefined || output === '') {
      if (stdout.isTerminal) throw new Failure('cowardly refusing to save to a terminal. Use the -o flag or redirect');
      const reply = await engine.open('GET', containerPath(args[0]!, '/export'));
      return reply.each((chunk) => stdout.write(chunk));
    }
    checkFile(output);
    const reply = await engine.open('GET', containerPath(args[0]!, '/export'));
    const half = `${output}.tdctl-${process.pid}`;
    try {
      const fd = openSync(half, 'wx', 0o600);
      await reply.each((chunk) => {
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
      });
      closeSync(fd);
      renameSync(half, output);
    } catch (error) {
      rmSync(half, { force: true });
      const { code, syscall } = error as NodeJS.ErrnoException;
      throw code && syscall ? failure(`${syscall} ${output}: ${reason(error as NodeJS.ErrnoException)}`) : error;
    }
  },
});
