import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import type { ContainerCreateRequest, ContainerCreateResponse } from '@tinydocker/shared/api/containers.js';
import type { Context } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';
import type { CreateFlags } from './create-flags.js';

/** Creates a container, with its id in the file that --cidfile names. @returns the id */
export async function createContainer(
  { engine, stderr }: Context,
  request: ContainerCreateRequest,
  flags: CreateFlags,
): Promise<string> {
  const file = flags.cidfile === undefined ? undefined : openIdFile(flags.cidfile);
  try {
    const { Id, Warnings } = await engine.post<ContainerCreateResponse>(
      '/containers/create',
      { name: flags.name, platform: flags.platform },
      request,
    );
    for (const warning of Warnings ?? []) stderr.write(`WARNING: ${warning}\n`);
    if (file !== undefined) writeSync(file, Id);
    return Id;
  } catch (error) {
    if (flags.cidfile !== undefined) rmSync(flags.cidfile, { force: true });
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Before the container, so that there is none without its file. */
function openIdFile(path: string): number {
  if (existsSync(path)) {
    const advice = "make sure the other container isn't running or delete";
    throw new Failure(`container ID file found, ${advice} ${path}`, 125);
  }
  try {
    return openSync(path, 'wx', 0o644);
  } catch (error) {
    throw new Failure(`failed to create the container ID file: ${messageOf(error)}`, 125);
  }
}
