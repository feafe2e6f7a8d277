import type { ContainerInspectResponse } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import { SignalRelay } from '../../signals.js';
import { requireTerminal } from '../../terminal.js';
import { waitForExit } from './exit-status.js';
import { Session } from './session.js';

export const command = defineCommand({
  names: ['attach', 'container attach'],
  usage: '[OPTIONS] CONTAINER',
  summary: 'Attach local standard input, output, and error streams to a running container',
  examples: [
    ['tdctl attach shell', 'Join its terminal; Ctrl-P Ctrl-Q leaves it running'],
    ['tdctl attach --no-stdin web', 'Watch what it prints from now on'],
  ],
  flags: {
    'detach-keys': text('Override the key sequence for detaching a container'),
    'no-stdin': bool('Do not attach STDIN'),
    'sig-proxy': bool('Proxy received signals to the process', undefined, true),
  },
  args: { min: 1, max: 1 },
  async run({ engine, stdout, stderr }, { flags, args }) {
    engine.warm(3);
    const { Id, Config, State } = await engine.get<ContainerInspectResponse>(containerPath(args[0]!, '/json'));
    if (!State.Running) throw new Failure('You cannot attach to a stopped container, start it first');
    if (State.Paused) throw new Failure('You cannot attach to a paused container, unpause it first');
    if (State.Restarting) {
      throw new Failure('You cannot attach to a restarting container, wait until it is running');
    }
    const tty = Config.Tty === true;
    const stdin = !flags['no-stdin'] && Config.OpenStdin === true;
    if (tty && stdin) requireTerminal();
    const detachKeys = flags['detach-keys'];
    const exit = waitForExit(engine, Id, 'not-running');
    const taken = await engine.takeOver(containerPath(Id, '/attach'), {
      query: { stream: true, stdin, stdout: true, stderr: true, detachKeys },
    });
    const session = new Session(taken, { tty, stdin, detachKeys, stdout, stderr });
    const relay = flags['sig-proxy']
      ? new SignalRelay((signal) => {
          engine.post(containerPath(Id, '/kill'), { signal: signal.slice('SIG'.length) }).catch(() => {});
        })
      : undefined;
    relay?.open();
    try {
      await session.raw();
      session.followSize(engine, containerPath(Id, '/resize'), true);
      if ((await session.stream()) === 'detached') throw new Failure('read escape sequence');
      return await exit.status();
    } finally {
      session.close();
      relay?.stop();
    }
  },
});
