import type { ImageDeleteResponseItem } from '@tinydocker/shared/api/images.js';
import { ApiError } from '../../api/errors.js';
import { imagePath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool } from '../../flags/types.js';
import { forEach } from '../each.js';

const lineOf = ({ Untagged, Deleted }: ImageDeleteResponseItem): string =>
  Deleted === undefined ? `Untagged: ${Untagged}` : `Deleted: ${Deleted}`;

export const command = defineCommand({
  names: ['rmi', 'image rm', 'image remove'],
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Remove one or more images',
  examples: [['tdctl rmi app:old', 'Take a name away, and the image with its last name']],
  flags: {
    force: bool('Force removal of the image', 'f'),
    'no-prune': bool('Do not delete untagged parents'),
  },
  args: { min: 1 },
  async run(context, { flags, args }) {
    let missing = 0;
    const failed: string[] = [];
    // One after the other: two names of one image would be removed at the same time.
    for (const image of args) {
      failed.push(
        ...(await forEach(context, [image], async (name) => {
          try {
            const query = { force: flags.force, noprune: flags['no-prune'] };
            const items = await context.engine.call<ImageDeleteResponseItem[]>('DELETE', imagePath(name), { query });
            return items.map(lineOf).join('\n');
          } catch (error) {
            if (error instanceof ApiError && error.status === 404) missing++;
            throw error;
          }
        })),
      );
    }
    return failed.length > (flags.force ? missing : 0) ? 1 : 0;
  },
});
