import type { Network } from '@tinydocker/shared/api/networks.js';
import { encodeFilters } from '@tinydocker/shared/filters.js';
import { defineCommand } from '../../command.js';
import { bool, filter, text } from '../../flags/types.js';
import { printList } from '../../output/list-format.js';
import { networkRows } from './row.js';

export const command = defineCommand({
  names: ['network ls', 'network list'],
  usage: '[OPTIONS]',
  summary: 'List networks',
  examples: [
    ['tdctl network ls', 'All networks'],
    ['tdctl network ls -q -f dangling=true', 'The ids of those that no container is in'],
  ],
  flags: {
    filter: filter('Provide filter values (e.g. "driver=bridge")'),
    format: text("Format output using a custom template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    'no-trunc': bool('Do not truncate the output'),
    quiet: bool('Only display network IDs', 'q'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    const networks = await engine.get<Network[]>('/networks', { filters: encodeFilters(flags.filter) });
    const format = flags.quiet && !flags.format ? '{{.ID}}' : flags.format;
    const byName = networks.toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
    printList(stdout, networkRows(!flags['no-trunc']), byName, format);
  },
});
