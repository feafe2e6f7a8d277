import { writeFileSync } from 'node:fs';
import type { ContainerCreateRequest, ContainerCreateResponse } from '@tinydocker/shared/api/containers.js';
import { examples, type Verb } from '../../command.js';
import type { Context } from '../../context.js';
import { CommandError } from '../../errors.js';
import { type CreateFlags, defineCreateFlags } from './create-flags.js';
import { createRequest } from './create-request.js';

/** Creates the container, prints warnings and writes the id file. @returns its id */
export async function createContainer(
  context: Context,
  request: ContainerCreateRequest,
  flags: CreateFlags,
): Promise<string> {
  const created = await context.engine.post<ContainerCreateResponse>(
    '/containers/create',
    { name: flags.name, platform: flags.platform },
    request,
  );
  for (const warning of created.Warnings ?? []) context.stderr.write(`WARNING: ${warning}\n`);
  if (flags.cidfile) {
    try {
      writeFileSync(flags.cidfile, created.Id, { flag: 'wx' });
    } catch (error) {
      await context.engine.json('DELETE', `/containers/${created.Id}`, { query: { force: true } });
      const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
      throw new CommandError(
        exists
          ? `container ID file found, make sure the other container isn't running or delete ${flags.cidfile}`
          : `write the id to ${flags.cidfile}: ${(error as Error).message}`,
        125,
      );
    }
  }
  return created.Id;
}

export const create: Verb = {
  summary: 'Create a new container',
  define(command, context) {
    defineCreateFlags(command);
    command.addHelpText('after', examples('create --name web busybox sleep 600', 'create -it busybox sh'));
    command.action(async (image: string, args: string[], flags: CreateFlags) => {
      const id = await createContainer(context, createRequest(image, args, flags, context.env, false), flags);
      context.stdout.write(`${id}\n`);
    });
  },
};
