import { defineCommand } from '../../command.js';
import { confirm } from '../../confirm.js';
import { bool, longFilter } from '../../flags/types.js';
import { pruneContainers } from '../prune.js';
import { printPruned } from '../pruned.js';

export const command = defineCommand({
  names: ['container prune'],
  usage: '[OPTIONS]',
  summary: 'Remove all stopped containers',
  examples: [['tdctl container prune -f --filter until=24h', 'Those that were made more than a day ago']],
  flags: {
    filter: longFilter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', 'f'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    if (!flags.force && !(await confirm(stdout, 'WARNING! This will remove all stopped containers.'))) return;
    printPruned(stdout, [await pruneContainers(engine, flags.filter)]);
  },
});
