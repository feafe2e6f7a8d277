import type { VolumeListResponse } from '@tinydocker/shared/api/volumes.js';
import { encodeFilters } from '@tinydocker/shared/filters.js';
import { defineCommand } from '../../command.js';
import { bool, filter, text } from '../../flags/types.js';
import { printList } from '../../output/list-format.js';
import { volumeRows } from './row.js';

export const command = defineCommand({
  names: ['volume ls', 'volume list'],
  usage: '[OPTIONS]',
  summary: 'List volumes',
  examples: [
    ['tdctl volume ls', 'All volumes'],
    ['tdctl volume ls -q -f dangling=true', 'The names of those that no container uses'],
  ],
  flags: {
    filter: filter('Provide filter values (e.g. "dangling=true")'),
    format: text("Format output using a custom template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    quiet: bool('Only display volume names', 'q'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    const { Volumes } = await engine.get<VolumeListResponse>('/volumes', { filters: encodeFilters(flags.filter) });
    const format = flags.quiet && !flags.format ? '{{.Name}}' : flags.format;
    printList(stdout, volumeRows, Volumes ?? [], format);
  },
});
