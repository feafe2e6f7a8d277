import type { ContainerInspectResponse } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool, text } from '../../flags/types.js';
import { inspectObjects } from '../inspect-objects.js';

export const command = defineCommand({
  names: ['container inspect'],
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Display detailed information on one or more containers',
  examples: [["tdctl container inspect -f '{{.State.Status}}' web", 'One value of it']],
  flags: {
    format: text("Format output using a custom template: 'json' or 'TEMPLATE'", 'f'),
    size: bool('Display total file sizes', 's'),
  },
  args: { min: 1 },
  run: (context, { flags, args }) =>
    inspectObjects(context, args, flags.format, (name) =>
      context.engine.get<ContainerInspectResponse>(containerPath(name, '/json'), { size: flags.size }),
    ),
});
