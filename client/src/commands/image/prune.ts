import { defineCommand } from '../../command.js';
import { confirm } from '../../confirm.js';
import { bool, longFilter } from '../../flags/types.js';
import { pruneImages } from '../prune.js';
import { printPruned } from '../pruned.js';

export const command = defineCommand({
  names: ['image prune'],
  usage: '[OPTIONS]',
  summary: 'Remove unused images',
  examples: [['tdctl image prune -a', 'All that no container is made of']],
  flags: {
    all: bool('Remove all unused images, not just dangling ones', 'a'),
    filter: longFilter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', 'f'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    const what = flags.all ? 'all images without at least one container associated to them' : 'all dangling images';
    if (!flags.force && !(await confirm(stdout, `WARNING! This will remove ${what}.`))) return;
    printPruned(stdout, [await pruneImages(engine, flags.filter, flags.all)]);
  },
});
