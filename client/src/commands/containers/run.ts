import { examples, type Verb } from '../../command.js';
import type { Context } from '../../context.js';
import { CommandError, DaemonError } from '../../errors.js';
import { createContainer } from './create.js';
import { type CreateFlags, defineCreateFlags } from './create-flags.js';
import { attachedStreams, createRequest } from './create-request.js';
import { runSession } from './session.js';

interface RunFlags extends CreateFlags {
  detach?: true;
  detachKeys?: string;
  sigProxy: boolean;
}

/** Docker's codes for a start that failed: 127 not found, 126 not executable, 125 anything else. */
function startFailure(error: unknown): unknown {
  if (!(error instanceof DaemonError)) return error;
  const { message } = error;
  const code = /executable file not found|no such file or directory/.test(message)
    ? 127
    : /permission denied|is a directory/.test(message)
      ? 126
      : 125;
  return new CommandError(
    `tdctl: Error response from daemon: ${message}\n\nRun 'tdctl run --help' for more information`,
    code,
  );
}

async function start(context: Context, id: string, autoRemove: boolean): Promise<void> {
  try {
    await context.engine.post(`/containers/${id}/start`);
  } catch (error) {
    // What never ran never ends, and nobody else would remove it.
    if (autoRemove)
      await context.engine.json('DELETE', `/containers/${id}`, { query: { force: true, v: true } }).catch(() => {});
    throw startFailure(error);
  }
}

async function runContainer(context: Context, image: string, args: string[], flags: RunFlags): Promise<void> {
  const detached = flags.detach ?? false;
  const streams = attachedStreams(flags, detached);
  if (flags.tty && streams.stdin && !context.stdin.isTTY) throw new CommandError('the input device is not a TTY', 1);
  const request = createRequest(image, args, flags, context.env, detached);
  if (flags.tty && context.stdout.rows && context.stdout.columns) {
    request.HostConfig!.ConsoleSize = [context.stdout.rows, context.stdout.columns];
  }
  const id = await createContainer(context, request, flags);
  const autoRemove = flags.rm ?? false;
  if (detached || !(streams.stdin || streams.stdout || streams.stderr)) {
    await start(context, id, autoRemove);
    context.stdout.write(`${id}\n`);
    return;
  }
  await runSession(context, {
    id,
    tty: flags.tty ?? false,
    streams,
    detachKeys: flags.detachKeys,
    sigProxy: flags.sigProxy,
    autoRemove,
    start: () => start(context, id, autoRemove),
  });
}

export const run: Verb = {
  summary: 'Create and run a new container from an image',
  define(command, context) {
    defineCreateFlags(command);
    command
      .option('-d, --detach', 'Run in the background and print the id')
      .option('--detach-keys <keys>', 'Keys that detach from the container (ctrl-p,ctrl-q)')
      .option('--no-sig-proxy', 'Do not hand signals on to the container')
      .addHelpText(
        'after',
        examples(
          'run -it busybox /bin/sh',
          'run -d --name web -m 64m busybox httpd -f',
          'run --rm -v "$PWD:/src:ro" -w /src busybox ls',
        ),
      )
      .action((image: string, args: string[], flags: RunFlags) => runContainer(context, image, args, flags));
  },
};
