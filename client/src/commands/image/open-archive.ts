import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Failure } from '../../errors.js';
import { reason } from '../container/env-file.js';

/** An archive's bytes: of a file, or of standard input. @param verb what is to be done with it */
export async function openArchive(path: string | undefined, verb: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === undefined || path === '-') {
    if (process.stdin.isTTY) throw new Failure(`requested ${verb} from stdin, but stdin is empty`);
    return process.stdin;
  }
  try {
    const file = await open(path);
    if ((await file.stat()).isDirectory()) throw new Failure(`read ${path}: is a directory`);
    return createReadStream('', { fd: file, highWaterMark: 1 << 20 });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`open ${path}: ${reason(error as NodeJS.ErrnoException)}`);
  }
}
