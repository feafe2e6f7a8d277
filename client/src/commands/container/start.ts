import type { ContainerInspectResponse } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { type Context, defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import { SignalRelay } from '../../signals.js';
import { requireTerminal } from '../../terminal.js';
import { forEach } from '../each.js';
import { waitForExit } from './exit-status.js';
import { Session } from './session.js';

export const command = defineCommand({
  names: ['start', 'container start'],
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Start one or more stopped containers',
  examples: [
    ['tdctl start web', 'Start it in the background'],
    ['tdctl start -ai shell', 'Start it and join its terminal'],
  ],
  flags: {
    attach: bool('Attach STDOUT/STDERR and forward signals', 'a'),
    'detach-keys': text('Override the key sequence for detaching a container'),
    interactive: bool("Attach container's STDIN", 'i'),
    'sig-proxy': bool('Proxy received signals to the process', undefined, true),
  },
  args: { min: 1 },
  async run(context, { flags, args }) {
    if (flags.attach || flags.interactive) {
      if (args.length > 1) throw new Failure('you cannot start and attach multiple containers at once');
      return startAttached(context, args[0]!, flags);
    }
    const failed = await forEach(context, args, async (name) => {
      await context.engine.post(containerPath(name, '/start'));
      return name;
    });
    if (failed.length > 0) throw new Failure(`Error: failed to start containers: ${failed.join(', ')}`);
    return 0;
  },
});

interface AttachFlags {
  'detach-keys': string | undefined;
  interactive: boolean;
  'sig-proxy': boolean;
}

async function startAttached(context: Context, name: string, flags: AttachFlags): Promise<number> {
  const { engine, stdout, stderr } = context;
  engine.warm(3);
  const { Id, Config, HostConfig } = await engine.get<ContainerInspectResponse>(containerPath(name, '/json'));
  const tty = Config.Tty === true;
  const stdin = flags.interactive && Config.OpenStdin === true;
  if (tty && stdin) requireTerminal();
  const detachKeys = flags['detach-keys'];
  const relay = flags['sig-proxy']
    ? new SignalRelay((signal) => {
        engine.post(containerPath(Id, '/kill'), { signal: signal.slice('SIG'.length) }).catch(() => {});
      })
    : undefined;
  const exit = waitForExit(engine, Id, HostConfig.AutoRemove ? 'removed' : 'next-exit');
  const [taken] = await Promise.all([
    engine.takeOver(containerPath(Id, '/attach'), {
      query: { stream: true, stdin, stdout: true, stderr: true, detachKeys },
    }),
    exit.registered,
  ]);
  const session = new Session(taken, { tty, stdin, detachKeys, stdout, stderr });
  try {
    await session.raw();
    const streamed = session.stream();
    streamed.catch(() => {});
    await engine.post(containerPath(Id, '/start'));
    relay?.open();
    session.followSize(engine, containerPath(Id, '/resize'));
    return (await streamed) === 'detached' ? 0 : await exit.status();
  } finally {
    session.close();
    relay?.stop();
  }
}
