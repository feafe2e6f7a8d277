import type { Network } from '@tinydocker/shared/api/networks.js';
import { networkPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool, text } from '../../flags/types.js';
import { inspectObjects } from '../inspect-objects.js';

export const command = defineCommand({
  names: ['network inspect'],
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  summary: 'Display detailed information on one or more networks',
  examples: [
    ["tdctl network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' front", 'Who is in it'],
  ],
  flags: {
    format: text("Format output using a custom template: 'json' or 'TEMPLATE'", 'f'),
    verbose: bool('Verbose output for diagnostics', 'v'),
  },
  args: { min: 1 },
  run: (context, { flags, args }) =>
    inspectObjects(context, args, flags.format, (name) =>
      context.engine.get<Network>(networkPath(name), { verbose: flags.verbose }),
    ),
});
