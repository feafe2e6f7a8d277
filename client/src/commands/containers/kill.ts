import { examples, type Verb } from '../../command.js';
import { each } from '../each.js';

export const kill: Verb = {
  summary: 'Kill one or more running containers',
  define(command, context) {
    command
      .argument('<container...>')
      .usage('[OPTIONS] CONTAINER [CONTAINER...]')
      .option('-s, --signal <signal>', 'Signal to send (KILL)')
      .addHelpText('after', examples('kill web', 'kill -s HUP web'))
      .action((names: string[], flags: { signal?: string }) =>
        each(context, names, async (name) => {
          await context.engine.post(`/containers/${name}/kill`, { signal: flags.signal });
          return name;
        }),
      );
  },
};
