import type { ImageInspect } from '@tinydocker/shared/api/images.js';
import { imagePath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { text } from '../../flags/types.js';
import { inspectObjects } from '../inspect-objects.js';

export const command = defineCommand({
  names: ['image inspect'],
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Display detailed information on one or more images',
  examples: [["tdctl image inspect -f '{{.Config.Cmd}}' busybox", 'What it runs']],
  flags: { format: text("Format output using a custom template: 'json' or 'TEMPLATE'", 'f') },
  args: { min: 1 },
  run: (context, { flags, args }) =>
    inspectObjects(context, args, flags.format, (name) => context.engine.get<ImageInspect>(imagePath(name, '/json'))),
});
