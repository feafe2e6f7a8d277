import type { Verb } from '../../command.js';

export const tag: Verb = {
  summary: 'Give an image another name',
  define(command, context) {
    command
      .argument('<source>')
      .argument('<target>')
      .usage('SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]')
      .action((source: string, target: string) => {
        const colon = target.lastIndexOf(':');
        const tagged = colon > target.lastIndexOf('/');
        const query = {
          repo: tagged ? target.slice(0, colon) : target,
          tag: tagged ? target.slice(colon + 1) : undefined,
        };
        return context.engine.post(`/images/${source}/tag`, query);
      });
  },
};
