import type { DiskUsage } from '@tinydocker/shared/api/system.js';
import { humanSize } from '@tinydocker/shared/units.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import { printList } from '../../output/list-format.js';
import { cacheRows } from '../builder/row.js';
import { containerRows } from '../container/row.js';
import { imageFormat, imageRows } from '../image/row.js';
import { volumeRows } from '../volume/row.js';
import { usageFormat, usageRows } from './df-row.js';

export const command = defineCommand({
  names: ['system df'],
  usage: '[OPTIONS]',
  summary: 'Show docker disk usage',
  examples: [
    ['tdctl system df', 'What images, containers and volumes take'],
    ['tdctl system df -v', 'Each of them'],
  ],
  flags: {
    format: text("Format output using a custom template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    verbose: bool('Show detailed information on space usage', 'v'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    if (flags.verbose && flags.format) throw new Failure('the verbose and the format options conflict');
    const usage = await engine.get<DiskUsage>('/system/df');
    if (!flags.verbose) return printList(stdout, usageFormat, usageRows(usage), flags.format);
    const images = imageFormat(true, false);
    const containers = containerRows(true, false);
    stdout.write('Images space usage:\n\n');
    const imageColumns = '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}';
    const imageTable = `table ${imageColumns}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}`;
    printList(stdout, images, imageRows(usage.Images ?? [], false), imageTable);
    stdout.write('\nContainers space usage:\n\n');
    const containerColumns = '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}';
    const containerTable = `table ${containerColumns}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}`;
    // What each takes by itself: its image is counted above.
    const own = (usage.Containers ?? []).map((container) => ({ ...container, SizeRootFs: 0 }));
    printList(stdout, containers, own, containerTable);
    stdout.write('\nLocal Volumes space usage:\n\n');
    printList(stdout, volumeRows, usage.Volumes ?? [], 'table {{.Name}}\t{{.Links}}\t{{.Size}}');
    const cache = usage.BuildCache ?? [];
    const size = cache.reduce((sum, { Shared, Size }) => sum + (Shared ? 0 : Size), 0);
    stdout.write(`\nBuild cache usage: ${humanSize(size)}\n\n`);
    const cacheColumns = '{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}';
    printList(stdout, cacheRows, cache, `table ${cacheColumns}\t{{.UsageCount}}\t{{.Shared}}`);
  },
});
