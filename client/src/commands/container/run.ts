import type { ContainerCreateRequest } from '@tinydocker/shared/api/containers.js';
import { ApiError } from '../../api/errors.js';
import { containerPath } from '../../api/paths.js';
import { type Context, defineCommand, type Input } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import { SignalRelay } from '../../signals.js';
import { requireTerminal } from '../../terminal.js';
import { createContainer } from './create-container.js';
import { CREATE_FLAGS } from './create-flags.js';
import { createRequest } from './create-request.js';
import { waitForExit } from './exit-status.js';
import { Session } from './session.js';
import { withHelp } from './with-help.js';

const FLAGS = {
  ...CREATE_FLAGS,
  detach: bool('Run container in background and print container ID', 'd'),
  'detach-keys': text('Override the key sequence for detaching a container'),
  'sig-proxy': bool('Proxy received signals to the process', undefined, true),
};

type RunInput = Input<typeof FLAGS>;

/** The exit code for a container that does not start, by what the daemon says of it: as a shell's for a command. */
export function startFailureCode(message: string): number {
  if (/executable file not found|no such file or directory/i.test(message)) return 127;
  if (/permission denied|is a directory|exec format error/i.test(message)) return 126;
  return 125;
}

export const command = defineCommand({
  names: ['run', 'container run'],
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create and run a new container from an image',
  examples: [
    ['tdctl run -it --rm busybox sh', 'A shell in a new container that is gone afterwards'],
    ['tdctl run -d --name web -v ./site:/www busybox httpd -f -h /www', 'A server in the background'],
    ['tdctl run --rm -m 64m --cpus 0.5 busybox sh -c "exit 7"', 'With limits; the exit code is the command’s'],
  ],
  flags: FLAGS,
  args: { min: 1 },
  interspersed: false,
  daemonErrorCode: 125,
  async run(context, input) {
    const { flags, args } = input;
    if (flags.detach && flags.attach.length > 0) {
      throw new Failure('conflicting options: cannot specify both --attach and --detach');
    }
    // What it says now is used a little later: the connections come up in the meantime.
    context.engine.warm(flags.detach ? 1 : 3);
    let request: ContainerCreateRequest;
    try {
      const [image, ...command] = args;
      request = createRequest({ flags, image: image!, command, env: context.env });
    } catch (error) {
      throw withHelp(error, context.path, 125);
    }
    return flags.detach ? runDetached(context, input, request) : runAttached(context, input, request);
  },
});

async function runDetached(context: Context, { flags }: RunInput, request: ContainerCreateRequest): Promise<void> {
  const { engine, stdout, path } = context;
  const detached = { ...request, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false };
  let id: string;
  try {
    id = await createContainer(context, detached, flags);
  } catch (error) {
    throw withHelp(error, path, 125);
  }
  try {
    await engine.post(containerPath(id, '/start'));
  } catch (error) {
    stdout.write(`${id}\n`);
    throw withHelp(error, path, error instanceof ApiError ? startFailureCode(error.message) : 125);
  }
  stdout.write(`${id}\n`);
}

async function runAttached(context: Context, { flags }: RunInput, request: ContainerCreateRequest): Promise<number> {
  const { engine, path, stdout, stderr } = context;
  const stdin = request.AttachStdin === true;
  const tty = flags.tty;
  if (tty && stdin) requireTerminal();
  let id = '';
  const relay = flags['sig-proxy'] ? new SignalRelay((signal) => forward(context, id, signal)) : undefined;
  try {
    id = await createContainer(context, request, flags);
  } catch (error) {
    throw withHelp(error, path, 125);
  }
  const exit = waitForExit(engine, id, flags.rm ? 'removed' : 'next-exit');
  const [taken] = await Promise.all([
    engine.takeOver(containerPath(id, '/attach'), {
      query: {
        stream: true,
        stdin,
        stdout: request.AttachStdout === true,
        stderr: request.AttachStderr === true,
        detachKeys: flags['detach-keys'],
      },
    }),
    exit.registered,
  ]);
  const session = new Session(taken, { tty, stdin, detachKeys: flags['detach-keys'], stdout, stderr });
  try {
    await session.raw();
    const streamed = session.stream();
    streamed.catch(() => {});
    try {
      await engine.post(containerPath(id, '/start'));
    } catch (error) {
      throw withHelp(error, path, error instanceof ApiError ? startFailureCode(error.message) : 125);
    }
    relay?.open();
    session.followSize(engine, containerPath(id, '/resize'));
    if ((await streamed) === 'detached') return 0;
    return await exit.status();
  } finally {
    session.close();
    relay?.stop();
  }
}

/** A container that is gone already needs no signal. */
function forward({ engine }: Context, id: string, signal: string): void {
  engine.post(containerPath(id, '/kill'), { signal: signal.slice('SIG'.length) }).catch(() => {});
}
