import { examples, type Verb } from '../../command.js';
import { each } from '../each.js';

export const remove: Verb = {
  summary: 'Remove one or more containers',
  define(command, context) {
    command
      .argument('<container...>')
      .usage('[OPTIONS] CONTAINER [CONTAINER...]')
      .option('-f, --force', 'Kill it first where it runs')
      .option('-v, --volumes', 'Remove its anonymous volumes too')
      .addHelpText('after', examples('rm web', 'rm -f $(tdctl ps -aq)'))
      .action((names: string[], flags: { force?: true; volumes?: true }) =>
        each(context, names, async (name) => {
          await context.engine.json('DELETE', `/containers/${name}`, {
            query: { force: flags.force, v: flags.volumes },
          });
          return name;
        }),
      );
  },
};
