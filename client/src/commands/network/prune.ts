import { defineCommand } from '../../command.js';
import { confirm } from '../../confirm.js';
import { bool, longFilter } from '../../flags/types.js';
import { pruneNetworks } from '../prune.js';

export const command = defineCommand({
  names: ['network prune'],
  usage: '[OPTIONS]',
  summary: 'Remove all unused networks',
  examples: [['tdctl network prune --filter until=24h', 'Those that no container is in, made more than a day ago']],
  flags: {
    filter: longFilter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', 'f'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    const warning = 'WARNING! This will remove all custom networks not used by at least one container.';
    if (!flags.force && !(await confirm(stdout, warning))) return;
    const { heading, lines } = await pruneNetworks(engine, flags.filter);
    if (lines.length > 0) stdout.write(`${heading}:\n${lines.join('\n')}\n\n`);
  },
});
