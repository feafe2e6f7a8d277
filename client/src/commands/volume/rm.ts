import { volumePath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool } from '../../flags/types.js';
import { forEach } from '../each.js';

export const command = defineCommand({
  names: ['volume rm', 'volume remove'],
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  summary: 'Remove one or more volumes',
  examples: [['tdctl volume rm data', 'Remove a volume that no container uses, with what is in it']],
  flags: { force: bool('Force the removal of one or more volumes', 'f') },
  args: { min: 1 },
  async run(context, { flags, args }) {
    const failed = await forEach(context, args, async (name) => {
      await context.engine.call('DELETE', volumePath(name), { query: { force: flags.force } });
      return name;
    });
    return failed.length > 0 ? 1 : 0;
  },
});
