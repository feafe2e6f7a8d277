import type { ContainerTopResponse } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { table } from '../../output/table.js';

const WIDTH = 20;

export const command = defineCommand({
  names: ['top', 'container top'],
  usage: 'CONTAINER [ps OPTIONS]',
  summary: 'Display the running processes of a container',
  examples: [
    ['tdctl top web', 'Its processes, as ps -ef shows them'],
    ['tdctl top web -o pid,%cpu,args', 'Some columns of ps'],
  ],
  flags: {},
  args: { min: 1 },
  interspersed: false,
  async run({ engine, stdout }, { args }) {
    const [name = '', ...words] = args;
    const { Titles, Processes } = await engine.get<ContainerTopResponse>(containerPath(name, '/top'), {
      ps_args: words.join(' '),
    });
    stdout.write(table([Titles, ...Processes], WIDTH));
  },
});
