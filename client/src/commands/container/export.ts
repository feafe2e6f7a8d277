import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { text } from '../../flags/types.js';
import { checkOutputFile, saveReply } from '../../output/save-file.js';

const failure = (why: string): Failure => new Failure(`failed to export container: ${why}`);

export const command = defineCommand({
  names: ['export', 'container export'],
  usage: '[OPTIONS] CONTAINER',
  summary: "Export a container's filesystem as a tar archive",
  examples: [
    ['tdctl export -o web.tar web', 'Into a file, which is there when it is whole'],
    ['tdctl export web | tar t', 'What it holds'],
  ],
  flags: { output: text('Write to a file, instead of STDOUT', 'o') },
  args: { min: 1, max: 1 },
  async run({ engine, stdout }, { flags, args }) {
    const { output } = flags;
    if (output === undefined || output === '') {
      if (stdout.isTerminal) throw new Failure('cowardly refusing to save to a terminal. Use the -o flag or redirect');
      const reply = await engine.open('GET', containerPath(args[0]!, '/export'));
      return reply.each((chunk) => stdout.write(chunk));
    }
    checkOutputFile(output, failure);
    await saveReply(await engine.open('GET', containerPath(args[0]!, '/export')), output, failure);
  },
});
