import type { ImageSummary } from '@tinydocker/shared/api/images.js';
import { encodeFilters } from '@tinydocker/shared/filters.js';
import { defineCommand } from '../../command.js';
import { bool, filter, text } from '../../flags/types.js';
import { printList } from '../../output/list-format.js';
import { imageFormat, imageRows } from './row.js';

export const command = defineCommand({
  names: ['images', 'image ls', 'image list'],
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  summary: 'List images',
  examples: [
    ['tdctl images', 'What there is to run'],
    ["tdctl images --format '{{.Repository}}:{{.Tag}}' 'app*'", 'The names of some'],
  ],
  flags: {
    all: bool('Show all images (default hides intermediate images)', 'a'),
    digests: bool('Show digests'),
    filter: filter('Filter output based on conditions provided'),
    format: text("Format output using a custom template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    'no-trunc': bool("Don't truncate output"),
    quiet: bool('Only show image IDs', 'q'),
  },
  args: { min: 0, max: 1 },
  async run({ engine, stdout }, { flags, args }) {
    const reference = [...(flags.filter.reference ?? []), ...args];
    const images = await engine.get<ImageSummary[]>('/images/json', {
      all: flags.all,
      filters: encodeFilters({ ...flags.filter, reference }),
    });
    const format = flags.quiet && !flags.format ? '{{.ID}}' : flags.format;
    const withDigests = flags.digests || /\.Digest\b/.test(format ?? '');
    printList(stdout, imageFormat(!flags['no-trunc'], flags.digests), imageRows(images, withDigests), format);
  },
});
