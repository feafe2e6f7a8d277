import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { forEach } from '../each.js';

export const command = defineCommand({
  names: ['pause', 'container pause'],
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Pause all processes within one or more containers',
  examples: [['tdctl pause web', 'Stop its processes where they stand, until `tdctl unpause web`']],
  flags: {},
  args: { min: 1 },
  async run(context, { args }) {
    const failed = await forEach(context, args, async (name) => {
      await context.engine.post(containerPath(name, '/pause'));
      return name;
    });
    return failed.length > 0 ? 1 : 0;
  },
});
