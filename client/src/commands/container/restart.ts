import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { forEach } from '../each.js';
import { stopFlags, stopQuery } from './stop-flags.js';

export const command = defineCommand({
  names: ['restart', 'container restart'],
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Restart one or more containers',
  examples: [
    ['tdctl restart web', 'Stop it and start it again'],
    ['tdctl restart -t 60 db', 'With a minute to end before it is killed'],
  ],
  flags: stopFlags,
  args: { min: 1 },
  async run(context, { flags, args }) {
    const query = stopQuery(flags);
    const failed = await forEach(context, args, async (name) => {
      await context.engine.post(containerPath(name, '/restart'), query);
      return name;
    });
    return failed.length > 0 ? 1 : 0;
  },
});
