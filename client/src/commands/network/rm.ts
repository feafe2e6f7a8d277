import { ApiError } from '../../api/errors.js';
import { networkPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool } from '../../flags/types.js';
import { forEach } from '../each.js';

export const command = defineCommand({
  names: ['network rm', 'network remove'],
  usage: 'NETWORK [NETWORK...]',
  summary: 'Remove one or more networks',
  examples: [['tdctl network rm front', 'Remove a network that no container is in']],
  flags: { force: bool('Do not error if the network does not exist', 'f') },
  args: { min: 1 },
  async run(context, { flags, args }) {
    const failed = await forEach(context, args, async (name) => {
      try {
        await context.engine.call('DELETE', networkPath(name));
        return name;
      } catch (error) {
        if (flags.force && error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }
    });
    return failed.length > 0 ? 1 : 0;
  },
});
