import { parseSize } from '@tinydocker/shared/units.js';
import { defineCommand } from '../../command.js';
import { confirm } from '../../confirm.js';
import { bool, longFilter, parsed } from '../../flags/types.js';
import { pruneBuildCache } from '../prune.js';
import { printPruned } from '../pruned.js';

export const command = defineCommand({
  names: ['builder prune'],
  usage: '[OPTIONS]',
  summary: 'Remove build cache',
  examples: [['tdctl builder prune -af --filter until=24h', 'What no build has used for a day']],
  flags: {
    all: bool('Remove all unused build cache, not just dangling ones', 'a'),
    filter: longFilter('Provide filter values (e.g. "until=24h")'),
    force: bool('Do not prompt for confirmation', 'f'),
    'keep-storage': parsed('Amount of disk space to keep for cache', 'bytes', parseSize),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    const what = flags.all ? 'all build cache' : 'all dangling build cache';
    if (!flags.force && !(await confirm(stdout, `WARNING! This will remove ${what}.`))) return;
    printPruned(stdout, [await pruneBuildCache(engine, flags.filter, flags.all, flags['keep-storage'])]);
  },
});
