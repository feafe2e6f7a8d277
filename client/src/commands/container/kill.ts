import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { text } from '../../flags/types.js';
import { forEach } from '../each.js';

export const command = defineCommand({
  names: ['kill', 'container kill'],
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Kill one or more running containers',
  examples: [
    ['tdctl kill web', 'End it at once'],
    ['tdctl kill -s HUP web', 'Send it another signal'],
  ],
  flags: { signal: text('Signal to send to the container', 's') },
  args: { min: 1 },
  async run(context, { flags, args }) {
    const failed = await forEach(context, args, async (name) => {
      await context.engine.post(containerPath(name, '/kill'), { signal: flags.signal });
      return name;
    });
    return failed.length > 0 ? 1 : 0;
  },
});
