import type { ExecInspectResponse } from '@tinydocker/shared/api/exec.js';
import { copyStreams } from '../../api/streams.js';
import { collect, examples, type Verb } from '../../command.js';
import type { Context } from '../../context.js';
import { CommandError, ExitCode } from '../../errors.js';
import { Terminal } from '../../terminal.js';
import { readEnvFile, variable } from './env-file.js';

interface ExecFlags {
  detach?: true;
  detachKeys?: string;
  env?: string[];
  envFile?: string[];
  interactive?: true;
  privileged?: true;
  tty?: true;
  user?: string;
  workdir?: string;
}

async function execCommand(context: Context, container: string, args: string[], flags: ExecFlags): Promise<void> {
  const tty = flags.tty ?? false;
  const streams = { stdin: flags.interactive ?? false, stdout: true, stderr: true };
  if (tty && streams.stdin && !flags.detach && !context.stdin.isTTY)
    throw new CommandError('the input device is not a TTY');
  const terminal = new Terminal(context);
  const { size } = terminal;
  const ConsoleSize = tty && size ? [size.rows, size.cols] : undefined;
  const { Id } = await context.engine.post<{ Id: string }>(
    `/containers/${container}/exec`,
    {},
    {
      AttachStdin: streams.stdin && !flags.detach,
      AttachStdout: !flags.detach,
      AttachStderr: !flags.detach,
      Tty: tty,
      ConsoleSize,
      Cmd: args,
      DetachKeys: flags.detachKeys,
      Env: [
        ...(flags.envFile ?? []).flatMap((f) => readEnvFile(f, context.env)),
        ...(flags.env ?? []).flatMap((e) => variable(e, context.env)),
      ],
      Privileged: flags.privileged ?? false,
      User: flags.user,
      WorkingDir: flags.workdir,
    },
  );
  const body = { Detach: flags.detach ?? false, Tty: tty, ConsoleSize };
  if (flags.detach) return void (await context.engine.post(`/exec/${Id}/start`, {}, body));

  const connection = await context.engine.hijack(`/exec/${Id}/start`, { body });
  let unfollow = () => {};
  try {
    if (tty && streams.stdin) terminal.enter();
    if (tty) {
      unfollow = terminal.follow(({ rows, cols }) => {
        context.engine.post(`/exec/${Id}/resize`, { h: rows, w: cols }).catch(() => {}); // it has just ended
      });
    }
    await copyStreams(context, connection, streams);
  } finally {
    unfollow();
    terminal.leave();
  }
  const { ExitCode: code, Running } = await context.engine.get<ExecInspectResponse>(`/exec/${Id}/json`);
  if (!Running && code) throw new ExitCode(code);
}

export const exec: Verb = {
  summary: 'Execute a command in a running container',
  define(command, context) {
    command
      .argument('<container>')
      .argument('<command...>')
      .usage('[OPTIONS] CONTAINER COMMAND [ARG...]')
      .option('-d, --detach', 'Run it in the background')
      .option('--detach-keys <keys>', 'Keys that detach from it (ctrl-p,ctrl-q)')
      .option('-e, --env <name=value>', 'Set an environment variable', collect)
      .option('--env-file <file>', 'Read environment variables from a file', collect)
      .option('-i, --interactive', 'Keep stdin open')
      .option('--privileged', 'Give it every capability')
      .option('-t, --tty', 'Give it a terminal')
      .option('-u, --user <user[:group]>', 'User (and group) to run as')
      .option('-w, --workdir <path>', 'Working directory')
      .addHelpText('after', examples('exec -it web sh', 'exec -u 1000 -e A=b web env'))
      .action((container: string, args: string[], flags: ExecFlags) => execCommand(context, container, args, flags));
  },
};
