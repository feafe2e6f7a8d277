import { parseReference } from '@tinydocker/shared/reference.js';
import { imagePath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';

export const command = defineCommand({
  names: ['tag', 'image tag'],
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  examples: [['tdctl tag app:latest app:1.0', 'Give an image a second name']],
  flags: {},
  args: { min: 2, max: 2 },
  async run({ engine }, { args }) {
    let target: ReturnType<typeof parseReference>;
    try {
      target = parseReference(args[1]!);
    } catch (error) {
      throw new Failure(
        `Error parsing reference: ${JSON.stringify(args[1])} is not a valid repository/tag: ${messageOf(error)}`,
      );
    }
    if (target.digest !== undefined) throw new Failure('refusing to create a tag with a digest reference');
    await engine.post(imagePath(args[0]!, '/tag'), { repo: target.familiarName, tag: target.tag });
  },
});
