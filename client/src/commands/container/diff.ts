import type { ContainerChange } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';

const KINDS: Readonly<Record<number, string>> = { 0: 'C', 1: 'A', 2: 'D' };

export const command = defineCommand({
  names: ['diff', 'container diff'],
  usage: 'CONTAINER',
  summary: "Inspect changes to files or directories on a container's filesystem",
  examples: [['tdctl diff web', 'What it has changed (C), added (A) and deleted (D)']],
  flags: {},
  args: { min: 1, max: 1 },
  async run({ engine, stdout }, { args }) {
    const changes = await engine.get<ContainerChange[] | null>(containerPath(args[0]!, '/changes'));
    for (const { Kind, Path } of changes ?? []) stdout.write(`${KINDS[Kind] ?? '?'} ${Path}\n`);
  },
});
