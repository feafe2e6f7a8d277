import { containerPath } from '../../api/paths.js';
import { copyOutput, isMultiplexed } from '../../api/streams.js';
import { defineCommand } from '../../command.js';
import { bool, text } from '../../flags/types.js';
import { timestamp } from '../../output/time.js';

export const command = defineCommand({
  names: ['logs', 'container logs'],
  usage: '[OPTIONS] CONTAINER',
  summary: 'Fetch the logs of a container',
  examples: [
    ['tdctl logs -f --tail 20 web', 'The last lines, and those to come'],
    ['tdctl logs --since 10m -t web', 'The last ten minutes, with times'],
  ],
  flags: {
    details: bool('Show extra details provided to logs'),
    follow: bool('Follow log output', 'f'),
    since: text('Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)'),
    tail: text('Number of lines to show from the end of the logs (default "all")', 'n'),
    timestamps: bool('Show timestamps', 't'),
    until: text('Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)'),
  },
  args: { min: 1, max: 1 },
  async run({ engine, stdout, stderr }, { flags, args }) {
    const query = {
      stdout: true,
      stderr: true,
      follow: flags.follow,
      details: flags.details,
      timestamps: flags.timestamps,
      tail: flags.tail,
      since: flags.since && timestamp(flags.since, 'since'),
      until: flags.until && timestamp(flags.until, 'until'),
    };
    const reply = await engine.open('GET', containerPath(args[0]!, '/logs'), { query });
    await copyOutput(reply, isMultiplexed(reply), stdout, stderr);
  },
});
