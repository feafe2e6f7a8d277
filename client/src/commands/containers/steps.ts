import type { ContainerSteps } from '@tinydocker/shared/api/containers.js';
import { examples, type Verb } from '../../command.js';
import { type Columns, printRows } from '../../output/table.js';

type Step = ContainerSteps['Steps'][number];

const microseconds = (ns: number) => (ns / 1000).toFixed(0);

const columns: Columns<Step> = {
  standard: ['Start', 'Duration', 'Actor', 'Name', 'Errno', 'Args'],
  fields: {
    Start: ['AT (µs)', (s) => microseconds(s.Start)],
    Duration: ['TOOK (µs)', (s) => microseconds(s.Duration)],
    Actor: ['BY', (s) => s.Actor],
    Name: ['STEP', (s) => s.Name],
    Errno: ['ERROR', (s) => s.Errno || '-'],
    Args: ['ARGUMENTS', (s) => s.Args],
  },
};

export const steps: Verb = {
  summary: 'Show what the engine asked of the kernel to start a container',
  define(command, context) {
    command
      .argument('<container>')
      .usage('[OPTIONS] CONTAINER')
      .option('--format <template>', 'Go template, "table TEMPLATE" or "json"')
      .addHelpText('after', examples('steps web', "steps --format '{{.Duration}} {{.Name}}' web"))
      .action(async (name: string, flags: { format?: string }) => {
        const { Steps } = await context.engine.get<ContainerSteps>(`/containers/${name}/steps`);
        printRows(context.stdout, columns, Steps, flags.format);
      });
  },
};
