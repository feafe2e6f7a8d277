import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { forEach } from '../each.js';
import { stopFlags, stopQuery } from './stop-flags.js';

export const command = defineCommand({
  names: ['stop', 'container stop'],
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop one or more running containers',
  examples: [
    ['tdctl stop web', 'Ask it to end, and kill it after ten seconds'],
    ['tdctl stop -t 60 db web', 'Give two of them a minute'],
  ],
  flags: stopFlags,
  args: { min: 1 },
  async run(context, { flags, args }) {
    const query = stopQuery(flags);
    const failed = await forEach(context, args, async (name) => {
      await context.engine.post(containerPath(name, '/stop'), query);
      return name;
    });
    return failed.length > 0 ? 1 : 0;
  },
});
