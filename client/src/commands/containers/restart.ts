import type { Verb } from '../../command.js';
import { each } from '../each.js';

export const restart: Verb = {
  summary: 'Restart one or more containers',
  define(command, context) {
    command
      .argument('<container...>')
      .usage('[OPTIONS] CONTAINER [CONTAINER...]')
      .option('-s, --signal <signal>', 'Signal to send')
      .option('-t, --timeout <seconds>', 'Seconds to wait before killing it')
      .action((names: string[], flags: { signal?: string; timeout?: string }) =>
        each(context, names, async (name) => {
          await context.engine.post(`/containers/${name}/restart`, { signal: flags.signal, t: flags.timeout });
          return name;
        }),
      );
  },
};
