import type { Volume } from '@tinydocker/shared/api/volumes.js';
import { volumePath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { text } from '../../flags/types.js';
import { inspectObjects } from '../inspect-objects.js';

export const command = defineCommand({
  names: ['volume inspect'],
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  summary: 'Display detailed information on one or more volumes',
  examples: [["tdctl volume inspect -f '{{.Mountpoint}}' data", 'Where it is on the host']],
  flags: { format: text("Format output using a custom template: 'json' or 'TEMPLATE'", 'f') },
  args: { min: 1 },
  run: (context, { flags, args }) =>
    inspectObjects(context, args, flags.format, (name) => context.engine.get<Volume>(volumePath(name))),
});
