import type { ImageHistoryResponseItem } from '@tinydocker/shared/api/images.js';
import { humanSize } from '@tinydocker/shared/units.js';
import { imagePath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool, text } from '../../flags/types.js';
import { type ListFormat, printList } from '../../output/list-format.js';
import { ago } from '../../output/time.js';

const WIDTH = 45;

/** An image as it is told of: no layer below has an id of its own. */
const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

const shorten = (text: string): string => (text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text);

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

const historyRows = (truncate: boolean, human: boolean): ListFormat<ImageHistoryResponseItem> => ({
  columns: {
    ID: { heading: 'IMAGE', value: ({ Id }) => (truncate ? shortId(Id) : Id) },
    CreatedSince: {
      heading: 'CREATED',
      // What was built to be the same every time says that it is of no time.
      value: ({ Created }) => (human ? (Created <= 0 ? 'N/A' : ago(Created)) : iso(Created)),
    },
    CreatedAt: { heading: 'CREATED AT', value: ({ Created }) => iso(Created) },
    CreatedBy: {
      heading: 'CREATED BY',
      value: ({ CreatedBy }) => {
        const line = CreatedBy.replaceAll('\t', ' ');
        return truncate ? shorten(line) : line;
      },
    },
    Size: { heading: 'SIZE', value: ({ Size }) => (human ? humanSize(Size, 3) : String(Size)) },
    Comment: { heading: 'COMMENT', value: ({ Comment }) => Comment },
  },
  table: `table {{.ID}}\t{{.${human ? 'CreatedSince' : 'CreatedAt'}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
});

export const command = defineCommand({
  names: ['history', 'image history'],
  usage: '[OPTIONS] IMAGE',
  summary: 'Show the history of an image',
  examples: [
    ['tdctl history busybox', 'Its layers, the newest first'],
    ['tdctl history --no-trunc app', 'With the whole of every command'],
  ],
  flags: {
    format: text("Format output using a custom template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    human: bool('Print sizes and dates in human readable format', 'H', true),
    'no-trunc': bool("Don't truncate output"),
    quiet: bool('Only show image IDs', 'q'),
  },
  args: { min: 1, max: 1 },
  async run({ engine, stdout }, { flags, args }) {
    const items = await engine.get<ImageHistoryResponseItem[]>(imagePath(args[0]!, '/history'));
    const format = flags.quiet ? '{{.ID}}' : flags.format;
    printList(stdout, historyRows(!flags['no-trunc'], flags.human), items, format);
  },
});
