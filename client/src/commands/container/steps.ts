import type { ContainerSteps } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { bool, text } from '../../flags/types.js';
import { printList } from '../../output/list-format.js';

type Step = ContainerSteps['Steps'][number];

const micro = (nanoseconds: number): string => (nanoseconds / 1000).toFixed(1);

/** Ids as they are shown elsewhere, and the rest as far as it fits. */
function shorten(args: string): string {
  const short = args.replace(/\b[0-9a-f]{64}\b/g, (id) => id.slice(0, 12));
  return short.length <= 90 ? short : `${short.slice(0, 89)}…`;
}

export const command = defineCommand({
  names: ['steps', 'container steps'],
  usage: '[OPTIONS] CONTAINER',
  summary: 'Show every kernel operation that made a container',
  examples: [
    ['tdctl steps web', 'What was done, by whom, how long it took, and what failed'],
    ["tdctl steps --format '{{.Duration}} {{.Step}}' web", 'Durations in microseconds only'],
  ],
  flags: {
    format: text("Format output using a Go template, 'table' or 'json'"),
    'no-trunc': bool("Don't truncate output"),
  },
  args: { min: 1, max: 1 },
  async run({ engine, stdout }, { flags, args }) {
    const { Steps } = await engine.get<ContainerSteps>(containerPath(args[0]!, '/steps'));
    const format = {
      columns: {
        Actor: { heading: 'ACTOR', value: ({ Actor }: Step) => Actor },
        Step: { heading: 'STEP', value: ({ Name }: Step) => Name },
        Arguments: {
          heading: 'ARGUMENTS',
          value: ({ Args }: Step) => (flags['no-trunc'] ? Args : shorten(Args)),
        },
        At: { heading: 'AT µs', value: ({ Start }: Step) => micro(Start) },
        Duration: { heading: 'µs', value: ({ Duration }: Step) => micro(Duration) },
        Errno: { heading: 'ERRNO', value: ({ Errno }: Step) => Errno },
      },
      table: 'table {{.Actor}}\t{{.Step}}\t{{.Arguments}}\t{{.At}}\t{{.Duration}}\t{{.Errno}}',
    };
    printList(stdout, format, Steps, flags.format);
  },
});
