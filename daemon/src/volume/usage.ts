import { runHelper } from './helper.js';

/**
 * Bytes of the files in a directory, each counted once however many names it has. By a process that can see nothing else: what a
 * container exchanges meanwhile leads it nowhere, and a large tree holds up nobody.
 */
export async function directoryUsage(directory: string): Promise<number> {
  const { size } = await runHelper<{ size: number }>('size', ['upper', directory]);
  return size;
}
