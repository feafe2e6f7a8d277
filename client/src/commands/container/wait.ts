import type { ContainerWaitResponse } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { forEach } from '../each.js';

export const command = defineCommand({
  names: ['wait', 'container wait'],
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Block until one or more containers stop, then print their exit codes',
  examples: [['tdctl wait job', 'The exit code of a job in the background']],
  flags: {},
  args: { min: 1 },
  async run(context, { args }) {
    const failed = await forEach(context, args, async (name) => {
      const { StatusCode } = await context.engine.post<ContainerWaitResponse>(containerPath(name, '/wait'));
      return String(StatusCode);
    });
    return failed.length > 0 ? 1 : 0;
  },
});
