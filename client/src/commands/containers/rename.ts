import type { Verb } from '../../command.js';

export const rename: Verb = {
  summary: 'Rename a container',
  define(command, context) {
    command
      .argument('<container>')
      .argument('<name>')
      .usage('CONTAINER NEW_NAME')
      .action((container: string, name: string) => context.engine.post(`/containers/${container}/rename`, { name }));
  },
};
