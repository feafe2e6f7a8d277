import { defineCommand } from '../../command.js';
import { confirm } from '../../confirm.js';
import { Failure } from '../../errors.js';
import { bool, longFilter } from '../../flags/types.js';
import { pruneVolumes } from '../prune.js';
import { printPruned } from '../pruned.js';

export const command = defineCommand({
  names: ['volume prune'],
  usage: '[OPTIONS]',
  summary: 'Remove unused local volumes',
  examples: [
    ['tdctl volume prune', 'Those that nobody has named'],
    ['tdctl volume prune -a --filter label=test', 'All with a label'],
  ],
  flags: {
    all: bool('Remove all unused volumes, not just anonymous ones', 'a'),
    filter: longFilter('Provide filter values (e.g. "label=<label>")'),
    force: bool('Do not prompt for confirmation', 'f'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    if (flags.all && flags.filter.all)
      throw new Failure('conflicting options: cannot specify both --all and --filter all=1');
    const what = flags.all ? 'all local volumes' : 'anonymous local volumes';
    const warning = `WARNING! This will remove ${what} not used by at least one container.`;
    if (!flags.force && !(await confirm(stdout, warning))) return;
    printPruned(stdout, [await pruneVolumes(engine, flags.filter, flags.all)]);
  },
});
