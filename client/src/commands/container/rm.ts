import { ApiError } from '../../api/errors.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool } from '../../flags/types.js';
import { forEach } from '../each.js';

export const command = defineCommand({
  names: ['rm', 'container rm', 'container remove'],
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Remove one or more containers',
  examples: [
    ['tdctl rm web', 'Remove a container that has ended'],
    ['tdctl rm -f $(tdctl ps -aq)', 'Remove all, whether they run or not'],
  ],
  flags: {
    force: bool('Force the removal of a running container (uses SIGKILL)', 'f'),
    link: bool('Remove the specified link', 'l'),
    volumes: bool('Remove anonymous volumes associated with the container', 'v'),
  },
  args: { min: 1 },
  async run(context, { flags, args }) {
    let missing = 0;
    const failed = await forEach(context, args, async (name) => {
      try {
        await context.engine.call('DELETE', containerPath(name), {
          query: { force: flags.force, link: flags.link, v: flags.volumes },
        });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) missing++;
        throw error;
      }
      return name;
    });
    // With --force nothing is wrong about what is not there.
    return failed.length > (flags.force ? missing : 0) ? 1 : 0;
  },
});
