import type { ContainerSummary } from '@tinydocker/shared/api/containers.js';
import type { ContainerStats } from '@tinydocker/shared/api/stats.js';
import { refusal } from '../../api/engine.js';
import { ApiError } from '../../api/errors.js';
import { containerPath } from '../../api/paths.js';
import { type Context, defineCommand } from '../../command.js';
import { bool, text } from '../../flags/types.js';
import { printList } from '../../output/list-format.js';
import { LiveStats } from './stats-live.js';
import { type StatsRow, statsRows } from './stats-row.js';

/** How often the screen is drawn, in ms. */
const REFRESH = 500;
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const CLEAR_SCREEN = '\x1b[2J';

/** One look at each, in the order given. @returns the exit code */
async function once({ engine, stderr }: Context, names: readonly string[], print: (rows: StatsRow[]) => void) {
  const rows = await Promise.all(
    names.map(async (container): Promise<StatsRow | string> => {
      try {
        const stats = await engine.get<ContainerStats>(containerPath(container, '/stats'), { stream: 0 });
        const { id = container, name = '' } = stats;
        return { container, id, name: name.replace(/^\//, ''), stats };
      } catch (error) {
        if (error instanceof ApiError) return refusal(error);
        throw error;
      }
    }),
  );
  const failed = rows.filter((row) => typeof row === 'string');
  if (failed.length < rows.length || names.length === 0) print(rows.filter((row) => typeof row !== 'string'));
  for (const line of failed) stderr.write(`${line}\n`);
  return failed.length > 0 ? 1 : 0;
}

/** Draws what is known whenever something is new, on a terminal in one place, elsewhere one after the other. */
function draw({ stdout }: Context, live: LiveStats, print: (rows: StatsRow[], out: (text: string) => void) => void) {
  let due = true; // the headings at least
  live.changed = () => {
    due = true;
  };
  const show = () => {
    if (!due || !live.complete) return;
    due = false;
    print(live.rows, (text) => {
      if (stdout.isTerminal) stdout.write(`${HOME}${text.replaceAll('\n', `${CLEAR_LINE}\n`)}${CLEAR_BELOW}`);
      else stdout.write(text);
    });
  };
  if (stdout.isTerminal) stdout.write(CLEAR_SCREEN);
  const timer = setInterval(show, stdout.isTerminal ? REFRESH : 2 * REFRESH);
  return () => clearInterval(timer);
}

export const command = defineCommand({
  names: ['stats', 'container stats'],
  usage: '[OPTIONS] [CONTAINER...]',
  summary: 'Display a live stream of container(s) resource usage statistics',
  examples: [
    ['tdctl stats', 'All that run, until ctrl-c'],
    ['tdctl stats --no-stream db web', 'Two of them, once'],
    ["tdctl stats --no-stream --format '{{.Name}} {{.MemUsage}}'", 'Some columns, for a script'],
  ],
  flags: {
    all: bool('Show all containers (default shows just running)', 'a'),
    format: text("Format output using a custom template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    'no-stream': bool('Disable streaming stats and only pull the first result'),
    'no-trunc': bool('Do not truncate output'),
  },
  args: { min: 0 },
  async run(context, { flags, args }) {
    const { engine, stdout } = context;
    const format = statsRows(!flags['no-trunc']);
    if (flags['no-stream']) {
      const list = () => engine.get<ContainerSummary[]>('/containers/json', { all: flags.all });
      const names = args.length > 0 ? args : (await list()).map(({ Id }) => Id);
      return once(context, names, (rows) => printList(stdout, format, rows, flags.format));
    }
    // A template that is wrong is said to be so before anything is watched.
    printList({ write() {}, isTerminal: false }, format, [], flags.format);
    const live = new LiveStats(engine);
    for (const name of args) await live.add(name);
    const stop = draw(context, live, (rows, out) =>
      printList({ write: (data) => out(String(data)), isTerminal: false }, format, rows, flags.format),
    );
    try {
      await (args.length > 0 ? live.ended() : live.follow(flags.all));
    } finally {
      stop();
    }
    return 0;
  },
});
