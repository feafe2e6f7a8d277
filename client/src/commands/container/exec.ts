import type { IDResponse } from '@tinydocker/shared/api/common.js';
import type { ExecConfig, ExecInspectResponse } from '@tinydocker/shared/api/exec.js';
import { refusal } from '../../api/engine.js';
import { ApiError } from '../../api/errors.js';
import { containerPath } from '../../api/paths.js';
import { type Context, defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool, list, text } from '../../flags/types.js';
import { requireTerminal } from '../../terminal.js';
import { readEntries, resolveEnv } from './env-file.js';
import { startFailureCode } from './run.js';
import { consoleSize, Session } from './session.js';

export const command = defineCommand({
  names: ['exec', 'container exec'],
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  summary: 'Execute a command in a running container',
  examples: [
    ['tdctl exec -it web sh', 'A shell beside what runs in it'],
    ['tdctl exec -u nobody -e LANG=C web id', 'One command, as another user'],
  ],
  flags: {
    detach: bool('Detached mode: run command in the background', 'd'),
    'detach-keys': text('Override the key sequence for detaching a container'),
    env: list('Set environment variables', 'e'),
    'env-file': list('Read in a file of environment variables'),
    interactive: bool('Keep STDIN open even if not attached', 'i'),
    privileged: bool('Give extended privileges to the command'),
    tty: bool('Allocate a pseudo-TTY', 't'),
    user: text('Username or UID (format: "<name|uid>[:<group|gid>]")', 'u'),
    workdir: text('Working directory inside the container', 'w'),
  },
  args: { min: 2 },
  interspersed: false,
  async run(context, { flags, args }) {
    const { engine } = context;
    const { detach, tty } = flags;
    const stdin = flags.interactive && !detach;
    if (tty && stdin) requireTerminal();
    const [name, ...Cmd] = args;
    const size = tty && !detach ? consoleSize() : undefined;
    const config: ExecConfig = {
      AttachStdin: stdin,
      AttachStdout: !detach,
      AttachStderr: !detach,
      Cmd,
      ConsoleSize: size,
      DetachKeys: flags['detach-keys'],
      Env: resolveEnv([...flags['env-file'].flatMap(readEntries), ...flags.env], context.env),
      Privileged: flags.privileged || undefined,
      Tty: tty || undefined,
      User: flags.user,
      WorkingDir: flags.workdir,
    };
    const { Id } = await engine.post<IDResponse>(containerPath(name!, '/exec'), {}, config);
    try {
      if (detach) {
        await engine.post(`/exec/${Id}/start`, {}, { Detach: true, Tty: tty });
        return 0;
      }
      return await runAttached(context, Id, { tty, stdin, detachKeys: flags['detach-keys'], size });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const code = startFailureCode(error.message);
      throw new Failure(refusal(error), code === 125 ? 1 : code);
    }
  },
});

interface AttachedExec {
  tty: boolean;
  stdin: boolean;
  detachKeys: string | undefined;
  size: [number, number] | undefined;
}

async function runAttached({ engine, stdout, stderr }: Context, id: string, exec: AttachedExec): Promise<number> {
  const { tty, stdin, detachKeys, size } = exec;
  const taken = await engine.takeOver(`/exec/${id}/start`, { body: { Detach: false, Tty: tty, ConsoleSize: size } });
  const session = new Session(taken, { tty, stdin, detachKeys, stdout, stderr });
  try {
    await session.raw();
    session.followSize(engine, `/exec/${id}/resize`);
    if ((await session.stream()) === 'detached') throw new Failure('read escape sequence');
  } finally {
    session.close();
  }
  const { ExitCode } = await engine.get<ExecInspectResponse>(`/exec/${id}/json`);
  return ExitCode ?? 0;
}
