import { parseReference, type Reference } from '@tinydocker/shared/reference.js';
import { defineCommand } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';
import { bool, list, text } from '../../flags/types.js';

/** The name for the image as the API takes it. */
function nameOf(given: string | undefined): { repo?: string; tag?: string } {
  if (!given) return {};
  let reference: Reference;
  try {
    reference = parseReference(given);
  } catch (error) {
    throw new Failure(messageOf(error));
  }
  const { name, tag, digest } = reference;
  if (digest !== undefined) throw new Failure('refusing to create a tag with a digest reference');
  return { repo: name, tag: tag ?? 'latest' };
}

export const command = defineCommand({
  names: ['commit', 'container commit'],
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  summary: "Create a new image from a container's changes",
  examples: [
    ['tdctl commit web shop:broken', 'Keep what it looks like, to take it apart later'],
    [`tdctl commit -c 'CMD ["nginx"]' -c 'ENV MODE=test' web shop`, 'With another configuration'],
  ],
  flags: {
    author: text('Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', 'a'),
    change: list('Apply Dockerfile instruction to the created image', 'c'),
    message: text('Commit message', 'm'),
    pause: bool('Pause container during commit', 'p', true),
  },
  args: { min: 1, max: 2 },
  async run({ engine, stdout }, { flags, args }) {
    const [container, reference] = args;
    const query = {
      container: container!,
      ...nameOf(reference),
      comment: flags.message,
      author: flags.author,
      changes: flags.change,
      ...(!flags.pause && { pause: '0' }),
    };
    const { Id } = await engine.post<{ Id: string }>('/commit', query);
    stdout.write(`${Id}\n`);
  },
});
