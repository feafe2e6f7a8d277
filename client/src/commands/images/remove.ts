import type { ImageDeleteResponseItem } from '@tinydocker/shared/api/images.js';
import type { Verb } from '../../command.js';
import { each } from '../each.js';

export const remove: Verb = {
  summary: 'Remove one or more images',
  define(command, context) {
    command
      .argument('<image...>')
      .usage('[OPTIONS] IMAGE [IMAGE...]')
      .option('-f, --force', 'Remove it also where a stopped container was made from it')
      .option('--no-prune', 'Keep its parents that have no name')
      .action((names: string[], flags: { force?: true; prune: boolean }) =>
        each(context, names, async (name) => {
          const query = { force: flags.force, noprune: !flags.prune };
          const items = await context.engine.json<ImageDeleteResponseItem[]>('DELETE', `/images/${name}`, { query });
          return items.map((i) => (i.Deleted ? `Deleted: ${i.Deleted}` : `Untagged: ${i.Untagged}`)).join('\n');
        }),
      );
  },
};
