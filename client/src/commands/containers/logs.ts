import type { ContainerInspectResponse } from '@tinydocker/shared/api/containers.js';
import { FrameDecoder, STDERR } from '@tinydocker/shared/stdcopy.js';
import { examples, type Verb } from '../../command.js';
import { since } from '../../output/time.js';

interface LogsFlags {
  follow?: true;
  since?: string;
  tail?: string;
  timestamps?: true;
  until?: string;
}

export const logs: Verb = {
  summary: 'Fetch the logs of a container',
  define(command, context) {
    command
      .argument('<container>')
      .usage('[OPTIONS] CONTAINER')
      .option('-f, --follow', 'Go on until the container ends')
      .option('--since <time>', 'Only after this time (2026-01-02T03:04:05Z, or 10m for ten minutes ago)')
      .option('-n, --tail <lines>', 'Only the last lines (all)')
      .option('-t, --timestamps', 'Show when each line was printed')
      .option('--until <time>', 'Only before this time')
      .addHelpText('after', examples('logs -f web', 'logs --since 5m -t web'))
      .action(async (name: string, flags: LogsFlags) => {
        const { Id, Config } = await context.engine.get<ContainerInspectResponse>(`/containers/${name}/json`);
        const response = await context.engine.request('GET', `/containers/${Id}/logs`, {
          query: {
            stdout: true,
            stderr: true,
            follow: flags.follow,
            tail: flags.tail,
            timestamps: flags.timestamps,
            since: flags.since && since(flags.since),
            until: flags.until && since(flags.until),
          },
        });
        const frames = new FrameDecoder((stream, data) =>
          (stream === STDERR ? context.stderr : context.stdout).write(data),
        );
        for await (const part of response) {
          if (Config.Tty) context.stdout.write(part);
          else frames.write(part as Buffer);
          if (context.stdout.writableNeedDrain) await new Promise((resolve) => context.stdout.once('drain', resolve));
        }
      });
  },
};
