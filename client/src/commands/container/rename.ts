import { refusal } from '../../api/engine.js';
import { ApiError } from '../../api/errors.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';

export const command = defineCommand({
  names: ['rename', 'container rename'],
  usage: 'CONTAINER NEW_NAME',
  summary: 'Rename a container',
  examples: [['tdctl rename quiet_harbor web', 'Give it a name to remember']],
  flags: {},
  args: { min: 2, max: 2 },
  async run({ engine }, { args }) {
    const [from, to] = args.map((name) => name.trim());
    if (!from || !to) throw new Failure('Error: Neither old nor new names may be empty');
    try {
      await engine.post(containerPath(from, '/rename'), { name: to });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new Failure(`${refusal(error)}\nError: failed to rename container named ${from}`);
    }
  },
});
