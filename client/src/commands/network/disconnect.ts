import { networkPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool } from '../../flags/types.js';

export const command = defineCommand({
  names: ['network disconnect'],
  usage: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Disconnect a container from a network',
  examples: [['tdctl network disconnect back web', 'While it runs, too']],
  flags: { force: bool('Force the container to disconnect from a network', 'f') },
  args: { min: 2, max: 2 },
  async run({ engine }, { flags, args }) {
    await engine.post(networkPath(args[0]!, '/disconnect'), undefined, { Container: args[1], Force: flags.force });
  },
});
