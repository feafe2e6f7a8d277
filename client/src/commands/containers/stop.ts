import { examples, type Verb } from '../../command.js';
import { each } from '../each.js';

export const stop: Verb = {
  summary: 'Stop one or more running containers',
  define(command, context) {
    command
      .argument('<container...>')
      .usage('[OPTIONS] CONTAINER [CONTAINER...]')
      .option('-s, --signal <signal>', 'Signal to send')
      .option('-t, --timeout, --time <seconds>', 'Seconds to wait before killing it; -1: for ever')
      .addHelpText('after', examples('stop web', 'stop -t 2 $(tdctl ps -q)'))
      .action((names: string[], flags: { signal?: string; timeout?: string; time?: string }) =>
        each(context, names, async (name) => {
          await context.engine.post(`/containers/${name}/stop`, {
            signal: flags.signal,
            t: flags.timeout ?? flags.time,
          });
          return name;
        }),
      );
  },
};
