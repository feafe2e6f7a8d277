import { defineCommand } from '../../command.js';
import { SCRIPTS } from '../../completion/scripts.js';
import { Failure } from '../../errors.js';

export const command = defineCommand({
  names: ['completion'],
  usage: 'bash|zsh|fish',
  summary: 'Print a script by which a shell completes commands, flags and names',
  examples: [
    ['source <(tdctl completion bash)', 'For this shell'],
    ['tdctl completion fish > ~/.config/fish/completions/tdctl.fish', 'For every fish to come'],
  ],
  flags: {},
  args: { min: 1, max: 1 },
  async run({ stdout }, { args }) {
    const [shell = ''] = args;
    if (!Object.hasOwn(SCRIPTS, shell)) {
      throw new Failure(`there is no completion for ${JSON.stringify(shell)}: it can be bash, zsh or fish`);
    }
    stdout.write(SCRIPTS[shell as keyof typeof SCRIPTS]);
  },
});
