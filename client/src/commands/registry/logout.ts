import { defineCommand } from '../../command.js';
import { DOCKER_HUB, forgetCredentials, serverOf } from '../../credentials/credentials.js';

export const command = defineCommand({
  names: ['logout'],
  usage: '[SERVER]',
  summary: 'Log out from a registry',
  examples: [['tdctl logout registry.example.com', 'Forget the password']],
  flags: {},
  args: { min: 0, max: 1 },
  async run({ env, stdout }, { args }) {
    const server = serverOf(args[0]);
    stdout.write(`Removing login credentials for ${server === DOCKER_HUB ? DOCKER_HUB : server}\n`);
    if (!(await forgetCredentials(env, server))) stdout.write(`Not logged in to ${server}\n`);
  },
});
