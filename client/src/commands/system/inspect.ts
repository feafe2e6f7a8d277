import type { Volume } from '@tinydocker/shared/api/volumes.js';
import { ApiError } from '../../api/errors.js';
import { containerPath, imagePath, networkPath, volumePath } from '../../api/paths.js';
import { type Context, defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import { inspectObjects } from '../inspect-objects.js';

/** The kinds of objects, in the order in which a name is looked up. */
const KINDS: Readonly<Record<string, (context: Context, name: string, size: boolean) => Promise<unknown>>> = {
  container: ({ engine }, name, size) => engine.get(containerPath(name, '/json'), { size }),
  image: ({ engine }, name) => engine.get(imagePath(name, '/json')),
  network: ({ engine }, name) => engine.get(networkPath(name)),
  volume: ({ engine }, name) => engine.get<Volume>(volumePath(name)),
};

async function lookUp(context: Context, name: string, size: boolean): Promise<unknown> {
  for (const get of Object.values(KINDS)) {
    try {
      return await get(context, name, size);
    } catch (error) {
      // What is no name of this kind may be one of the next.
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 400)) throw error;
    }
  }
  throw new Failure(`Error: No such object: ${name}`);
}

export const command = defineCommand({
  names: ['inspect'],
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  summary: 'Return low-level information on objects',
  examples: [
    ['tdctl inspect web', 'All there is to know about a container'],
    ["tdctl inspect -f '{{.State.ExitCode}}' web", 'One value'],
    ["tdctl inspect --type image -f '{{json .Config.Env}}' busybox", 'Of an image, as JSON'],
  ],
  flags: {
    format: text("Format output using a custom template: 'json' or 'TEMPLATE'", 'f'),
    size: bool('Display total file sizes if the type is container', 's'),
    type: text('Only inspect objects of the given type'),
  },
  args: { min: 1 },
  run(context, { flags, args }) {
    const { type } = flags;
    if (type !== undefined && !Object.hasOwn(KINDS, type)) {
      throw new Failure(
        `${JSON.stringify(type)} is not a valid value for --type: use ${Object.keys(KINDS).join(', ')}`,
      );
    }
    return inspectObjects(context, args, flags.format, (name) =>
      type === undefined ? lookUp(context, name, flags.size) : KINDS[type]!(context, name, flags.size),
    );
  },
});
