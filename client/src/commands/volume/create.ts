import type { Volume } from '@tinydocker/shared/api/volumes.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { keyValues } from '../../flags/key-values.js';
import { hidden, list, pair, text } from '../../flags/types.js';

export const command = defineCommand({
  names: ['volume create'],
  usage: '[OPTIONS] [VOLUME]',
  summary: 'Create a volume',
  examples: [
    ['tdctl volume create data', 'A directory that outlives containers'],
    ['tdctl volume create -o type=tmpfs -o device=tmpfs -o o=size=100m scratch', 'One in memory'],
    ['tdctl volume create -o o=bind -o device=/srv/data data', 'One that is a directory of the host'],
  ],
  flags: {
    driver: text('Specify volume driver name (default "local")', 'd'),
    label: list('Set metadata for a volume'),
    name: hidden(text('Specify volume name')),
    opt: list('Set driver specific options', 'o', pair, 'map'),
  },
  args: { min: 0, max: 1 },
  async run({ engine, stdout }, { flags, args }) {
    if (flags.name && args.length > 0) {
      throw new Failure(
        'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
      );
    }
    const { Name } = await engine.post<Volume>('/volumes/create', undefined, {
      Name: args[0] ?? flags.name,
      Driver: flags.driver,
      DriverOpts: keyValues(flags.opt),
      Labels: keyValues(flags.label),
    });
    stdout.write(`${Name}\n`);
  },
});
