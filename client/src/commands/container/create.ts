import type { ContainerCreateRequest } from '@tinydocker/shared/api/containers.js';
import { defineCommand } from '../../command.js';
import { createContainer } from './create-container.js';
import { CREATE_FLAGS } from './create-flags.js';
import { createRequest } from './create-request.js';
import { withHelp } from './with-help.js';

export const command = defineCommand({
  names: ['create', 'container create'],
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create a new container',
  examples: [
    ['tdctl create --name web -w /srv busybox httpd -f', 'Prepare a container to be started later'],
    ['tdctl start -a $(tdctl create busybox date)', 'Create, then start and watch'],
  ],
  flags: CREATE_FLAGS,
  args: { min: 1 },
  interspersed: false,
  daemonErrorCode: 125,
  async run(context, { flags, args }) {
    const [image, ...command] = args;
    let request: ContainerCreateRequest;
    try {
      request = createRequest({ flags, image: image!, command, env: context.env });
    } catch (error) {
      throw withHelp(error, context.path, 125);
    }
    context.stdout.write(`${await createContainer(context, request, flags)}\n`);
  },
});
