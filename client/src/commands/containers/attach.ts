import type { ContainerInspectResponse } from '@tinydocker/shared/api/containers.js';
import type { Verb } from '../../command.js';
import { CommandError } from '../../errors.js';
import { runSession } from './session.js';

export const attach: Verb = {
  summary: 'Attach to a running container',
  define(command, context) {
    command
      .argument('<container>')
      .usage('[OPTIONS] CONTAINER')
      .option('--detach-keys <keys>', 'Keys that detach from the container (ctrl-p,ctrl-q)')
      .option('--no-stdin', 'Do not attach stdin')
      .option('--no-sig-proxy', 'Do not hand signals on to the container')
      .action(async (name: string, flags: { detachKeys?: string; stdin: boolean; sigProxy: boolean }) => {
        const { Id, State, Config } = await context.engine.get<ContainerInspectResponse>(`/containers/${name}/json`);
        if (!State.Running) throw new CommandError('cannot attach to a stopped container, start it first');
        if (State.Paused) throw new CommandError('cannot attach to a paused container, unpause it first');
        const stdin = flags.stdin && (Config.OpenStdin ?? false);
        if (Config.Tty && stdin && !context.stdin.isTTY) throw new CommandError('the input device is not a TTY');
        await runSession(context, {
          id: Id,
          tty: Config.Tty ?? false,
          streams: { stdin, stdout: true, stderr: true },
          detachKeys: flags.detachKeys,
          sigProxy: flags.sigProxy,
          autoRemove: false,
        });
      });
  },
};
