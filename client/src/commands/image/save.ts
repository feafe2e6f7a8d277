import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { text } from '../../flags/types.js';
import { checkOutputFile, saveReply } from '../../output/save-file.js';

const failure = (why: string): Failure => new Failure(`failed to save image: ${why}`);

export const command = defineCommand({
  names: ['save', 'image save'],
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  examples: [
    ['tdctl save -o app.tar app:1.0', 'Into a file, which is there when it is whole'],
    ['tdctl save app | ssh host docker load', 'To another machine'],
  ],
  flags: {
    output: text('Write to a file, instead of STDOUT', 'o'),
    platform: text('Save only the given platform(s). Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")'),
  },
  args: { min: 1 },
  async run({ engine, stdout }, { flags, args }) {
    const { output, platform } = flags;
    const query = { names: args, platform };
    if (output === undefined || output === '') {
      if (stdout.isTerminal) throw new Failure('cowardly refusing to save to a terminal. Use the -o flag or redirect');
      const reply = await engine.open('GET', '/images/get', { query });
      return reply.each((chunk) => stdout.write(chunk));
    }
    checkOutputFile(output, failure);
    await saveReply(await engine.open('GET', '/images/get', { query }), output, failure);
  },
});
