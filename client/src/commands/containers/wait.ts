import type { ContainerWaitResponse } from '@tinydocker/shared/api/containers.js';
import type { Verb } from '../../command.js';
import { each } from '../each.js';

export const wait: Verb = {
  summary: 'Block until containers stop, then print their exit codes',
  define(command, context) {
    command
      .argument('<container...>')
      .usage('CONTAINER [CONTAINER...]')
      .action((names: string[]) =>
        each(context, names, async (name) => {
          const { StatusCode } = await context.engine.post<ContainerWaitResponse>(`/containers/${name}/wait`);
          return String(StatusCode);
        }),
      );
  },
};
