import type { ImageVerifyLine } from '@tinydocker/shared/api/images.js';
import { LineDecoder } from '@tinydocker/shared/json-lines.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool } from '../../flags/types.js';

type Line = ImageVerifyLine & { error?: string };

export const command = defineCommand({
  names: ['image verify'],
  usage: '[OPTIONS] [IMAGE...]',
  summary: 'Compare what images are made of with its digests',
  examples: [
    ['tdctl image verify', 'All images: exit code 1 where something is broken, which is named'],
    ['tdctl image verify app:1.0', 'One of them'],
  ],
  flags: { quiet: bool('Only show what is broken', 'q') },
  args: { min: 0 },
  async run({ engine, stdout }, { flags, args }) {
    const reply = await engine.open('POST', '/images/verify', { query: { names: args } });
    const decoder = new LineDecoder<Line>();
    let checked = 0;
    let broken = 0;
    const take = (lines: readonly Line[]) => {
      for (const { kind, id, path, images, problems, error } of lines) {
        if (error !== undefined) throw new Failure(error);
        checked++;
        if (problems.length > 0) broken++;
        const subject = `${kind} ${path ?? id} (${images.join(', ')})`;
        for (const problem of problems) stdout.write(`${subject}: ${problem}\n`);
      }
    };
    await reply.each((chunk) => take(decoder.push(chunk)));
    take(decoder.end());
    if (!flags.quiet) stdout.write(`${checked} checked, ${broken} broken\n`);
    return broken > 0 ? 1 : 0;
  },
});
