import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { forEach } from '../each.js';

export const command = defineCommand({
  names: ['unpause', 'container unpause'],
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Unpause all processes within one or more containers',
  examples: [['tdctl unpause web', 'Let it go on']],
  flags: {},
  args: { min: 1 },
  async run(context, { args }) {
    const failed = await forEach(context, args, async (name) => {
      await context.engine.post(containerPath(name, '/unpause'));
      return name;
    });
    return failed.length > 0 ? 1 : 0;
  },
});
