import type { ImageSearchItem } from '@tinydocker/shared/api/images.js';
import { encodeFilters } from '@tinydocker/shared/filters.js';
import { defineCommand } from '../../command.js';
import { authHeaders, credentialsFor, serverOf } from '../../credentials/credentials.js';
import { bool, filter, int, text } from '../../flags/types.js';
import { type ListFormat, printList } from '../../output/list-format.js';

const WIDTH = 45;

const shorten = (text: string): string => (text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text);

const rows = (truncate: boolean): ListFormat<ImageSearchItem> => ({
  columns: {
    Name: { heading: 'NAME', value: ({ name }) => name },
    Description: {
      heading: 'DESCRIPTION',
      value: ({ description }) => {
        const line = description.replaceAll(/\s+/g, ' ');
        return truncate ? shorten(line) : line;
      },
    },
    StarCount: { heading: 'STARS', value: ({ star_count }) => String(star_count) },
    IsOfficial: { heading: 'OFFICIAL', value: ({ is_official }) => (is_official ? '[OK]' : '') },
    IsAutomated: { heading: 'AUTOMATED', value: ({ is_automated }) => (is_automated ? '[OK]' : '') },
  },
  table: 'table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}',
});

/** The registry that a term names before its first slash. */
function serverOfTerm(term: string): string {
  const [first = '', ...rest] = term.split('/');
  return serverOf(rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : undefined);
}

export const command = defineCommand({
  names: ['search'],
  usage: '[OPTIONS] TERM',
  summary: 'Search Docker Hub for images',
  examples: [['tdctl search registry.example.com/app', 'In another registry, as far as it lets']],
  flags: {
    filter: filter('Filter output based on conditions provided'),
    format: text('Pretty-print search using a Go template'),
    limit: int('Max number of search results'),
    'no-trunc': bool("Don't truncate output"),
  },
  args: { min: 1, max: 1 },
  async run({ engine, env, stdout }, { flags, args }) {
    const term = args[0]!;
    const auth = await credentialsFor(env, serverOfTerm(term));
    const query = { term, limit: flags.limit, filters: encodeFilters(flags.filter) };
    const found = await engine.call<ImageSearchItem[]>('GET', '/images/search', { query, headers: authHeaders(auth) });
    printList(stdout, rows(!flags['no-trunc']), found, flags.format);
  },
});
