import { defineCommand } from '../../command.js';
import { confirm } from '../../confirm.js';
import { Failure } from '../../errors.js';
import { bool, longFilter } from '../../flags/types.js';
import { pruneBuildCache, pruneContainers, pruneImages, pruneNetworks, pruneVolumes } from '../prune.js';
import { printPruned } from '../pruned.js';

type Filters = Readonly<Record<string, readonly string[]>>;

/** What is going to be removed, as Docker words it. */
function warning(all: boolean, volumes: boolean, filters: Filters): string {
  const items = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ];
  const given = Object.entries(filters).flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
  const filtered =
    given.length > 0
      ? `\n  Items to be pruned will be filtered with:\n${given.map((one) => `  - ${one}`).join('\n')}\n`
      : '';
  return `WARNING! This will remove:\n${items.map((item) => `  - ${item}`).join('\n')}\n${filtered}`;
}

export const command = defineCommand({
  names: ['system prune'],
  usage: '[OPTIONS]',
  summary: 'Remove unused data',
  examples: [
    ['tdctl system prune', 'What has ended, and images without a name'],
    ['tdctl system prune -af --volumes', 'All that no container needs, without being asked'],
  ],
  flags: {
    all: bool('Remove all unused images not just dangling ones', 'a'),
    filter: longFilter('Provide filter values (e.g. "label=<key>=<value>")'),
    force: bool('Do not prompt for confirmation', 'f'),
    volumes: bool('Prune anonymous volumes'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    const { filter, all, volumes } = flags;
    if (volumes && filter.until) throw new Failure('ERROR: The "until" filter is not supported with "--volumes"');
    if (!flags.force && !(await confirm(stdout, warning(all, volumes, filter)))) return;
    // In this order: what uses something goes before it.
    const pruned = [await pruneContainers(engine, filter), await pruneNetworks(engine, filter)];
    if (volumes) pruned.push(await pruneVolumes(engine, filter, false));
    pruned.push(await pruneImages(engine, filter, all));
    pruned.push(await pruneBuildCache(engine, filter, all));
    printPruned(stdout, pruned);
  },
});
