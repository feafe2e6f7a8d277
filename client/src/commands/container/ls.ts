import type { ContainerSummary } from '@tinydocker/shared/api/containers.js';
import { encodeFilters } from '@tinydocker/shared/filters.js';
import { defineCommand } from '../../command.js';
import { bool, filter, int, text } from '../../flags/types.js';
import { printList } from '../../output/list-format.js';
import { containerRows } from './row.js';

/** Formats that show a size, which takes the daemon long to find out. */
const ASKS_FOR_SIZE = /\.Size\b|\bjson\s+\.\s*\}\}/;

export const command = defineCommand({
  names: ['ps', 'container ls', 'container list', 'container ps'],
  usage: '[OPTIONS]',
  summary: 'List containers',
  examples: [
    ['tdctl ps -a', 'All, also those that have ended'],
    ['tdctl ps -q --filter label=app=web', 'The ids of some'],
    ["tdctl ps --format 'table {{.Names}}\\t{{.Status}}'", 'Some columns'],
  ],
  flags: {
    all: bool('Show all containers (default shows just running)', 'a'),
    filter: filter('Filter output based on conditions provided'),
    format: text("Format output using a custom template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    last: int('Show n last created containers (includes all states) (default -1)', 'n'),
    latest: bool('Show the latest created container (includes all states)', 'l'),
    'no-trunc': bool("Don't truncate output"),
    quiet: bool('Only display container IDs', 'q'),
    size: bool('Display total file sizes', 's'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout, stderr }, { flags }) {
    const limit = flags.latest ? 1 : flags.last !== undefined && flags.last > 0 ? flags.last : undefined;
    if (flags.quiet && flags.format) {
      stderr.write('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
    }
    const format = flags.quiet ? '{{.ID}}' : flags.format;
    const size = flags.size || ASKS_FOR_SIZE.test(format ?? '');
    const containers = await engine.get<ContainerSummary[]>('/containers/json', {
      all: flags.all || limit !== undefined,
      limit,
      size,
      filters: encodeFilters(flags.filter),
    });
    printList(stdout, containerRows(!flags['no-trunc'], flags.size), containers, format);
  },
});
