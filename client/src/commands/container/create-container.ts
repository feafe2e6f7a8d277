import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import type { ContainerCreateRequest, ContainerCreateResponse } from '@tinydocker/shared/api/containers.js';
import { ApiError } from '../../api/errors.js';
import type { Context } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';
import type { CreateFlags } from './create-flags.js';

/** Creates a container of an image that is pulled where it is not there, or always where that is asked for. */
async function createWithImage(
  context: Context,
  request: ContainerCreateRequest,
  flags: CreateFlags,
): Promise<ContainerCreateResponse> {
  const { engine, stderr } = context;
  const { name, platform, pull = 'missing', quiet } = flags;
  const image = request.Image ?? '';
  const create = () => engine.post<ContainerCreateResponse>('/containers/create', { name, platform }, request);
  // Not loaded by who has the image.
  const puller = () => import('../image/pull-image.js');
  const options = { platform, output: quiet ? undefined : stderr };
  if (pull === 'always') await (await puller()).pullImage(context, image, options);
  try {
    return await create();
  } catch (error) {
    const missing = error instanceof ApiError && error.status === 404 && error.message.startsWith('No such image');
    if (!missing || pull !== 'missing') throw error;
    const { familiarName, pullImage } = await puller();
    const shown = familiarName(image);
    if (shown === undefined) throw error;
    if (!quiet) stderr.write(`Unable to find image '${shown}' locally\n`);
    await pullImage(context, image, options);
    return create();
  }
}

/** Creates a container, with its id in the file that --cidfile names. @returns the id */
export async function createContainer(
  context: Context,
  request: ContainerCreateRequest,
  flags: CreateFlags,
): Promise<string> {
  const file = flags.cidfile === undefined ? undefined : openIdFile(flags.cidfile);
  try {
    const { Id, Warnings } = await createWithImage(context, request, flags);
    for (const warning of Warnings ?? []) context.stderr.write(`WARNING: ${warning}\n`);
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
