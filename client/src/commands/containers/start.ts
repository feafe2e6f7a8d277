import type { ContainerInspectResponse } from '@tinydocker/shared/api/containers.js';
import { examples, type Verb } from '../../command.js';
import type { Context } from '../../context.js';
import { CommandError } from '../../errors.js';
import { each } from '../each.js';
import { runSession } from './session.js';

interface StartFlags {
  attach?: true;
  interactive?: true;
  detachKeys?: string;
  sigProxy: boolean;
}

async function startAttached(context: Context, names: string[], flags: StartFlags): Promise<void> {
  if (names.length > 1) throw new CommandError('you cannot start and attach multiple containers at once');
  const { Id, Config, HostConfig } = await context.engine.get<ContainerInspectResponse>(`/containers/${names[0]}/json`);
  const stdin = (flags.interactive ?? false) && (Config.OpenStdin ?? false);
  if (Config.Tty && stdin && !context.stdin.isTTY) throw new CommandError('the input device is not a TTY');
  await runSession(context, {
    id: Id,
    tty: Config.Tty ?? false,
    streams: { stdin, stdout: true, stderr: true },
    detachKeys: flags.detachKeys,
    sigProxy: flags.sigProxy,
    autoRemove: HostConfig.AutoRemove ?? false,
    start: () => context.engine.post(`/containers/${Id}/start`),
  });
}

export const start: Verb = {
  summary: 'Start one or more stopped containers',
  define(command, context) {
    command
      .argument('<container...>')
      .usage('[OPTIONS] CONTAINER [CONTAINER...]')
      .option('-a, --attach', 'Attach stdout and stderr, and hand signals on')
      .option('-i, --interactive', "Attach the container's stdin")
      .option('--detach-keys <keys>', 'Keys that detach from the container (ctrl-p,ctrl-q)')
      .option('--no-sig-proxy', 'Do not hand signals on to the container')
      .addHelpText('after', examples('start web', 'start -ai shell'))
      .action((names: string[], flags: StartFlags) => {
        if (flags.attach || flags.interactive) return startAttached(context, names, flags);
        return each(context, names, async (name) => {
          await context.engine.post(`/containers/${name}/start`);
          return name;
        });
      });
  },
};
