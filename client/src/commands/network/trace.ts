import type { NetworkTrace, TraceStep } from '@tinydocker/shared/api/network-trace.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { text } from '../../flags/types.js';
import { printList } from '../../output/list-format.js';

const MARK = { ok: 'ok', fail: 'ENDS HERE', unsure: 'may end' } as const;

type Row = TraceStep & { Port: string; Published: string };

export const command = defineCommand({
  names: ['network trace'],
  usage: '[OPTIONS] CONTAINER [PRIVATE_PORT[/PROTO]]',
  summary: "Walk a packet's way to the ports of a container, and say where it ends",
  examples: [
    ['tdctl network trace web', 'All of its published ports'],
    ['tdctl network trace web 80', 'Why port 80 cannot be reached'],
    ['tdctl network trace web 80 >/dev/null || echo down', 'The exit code is 1 where a packet ends'],
  ],
  flags: { format: text("Format output using a Go template, 'table' or 'json'") },
  args: { min: 1, max: 2 },
  async run({ engine, stdout }, { flags, args }) {
    const query = args[1] === undefined ? {} : { port: args[1] };
    const { Name, Ports } = await engine.get<NetworkTrace>(containerPath(args[0]!, '/network/trace'), query);
    const rows = Ports.flatMap(({ Port, Published, Steps }) => Steps.map((step) => ({ ...step, Port, Published })));
    const format = {
      columns: {
        Port: { heading: 'PORT', value: ({ Port, Published }: Row) => (Published ? `${Published}->${Port}` : Port) },
        Step: { heading: 'STEP', value: ({ Name: step }: Row) => step },
        Status: { heading: 'STATUS', value: ({ Status }: Row) => MARK[Status] },
        Packets: { heading: 'PACKETS', value: ({ Packets }: Row) => (Packets === undefined ? '' : String(Packets)) },
        Detail: { heading: 'DETAIL', value: ({ Detail }: Row) => Detail },
      },
      table: 'table {{.Port}}\t{{.Step}}\t{{.Status}}\t{{.Packets}}\t{{.Detail}}',
    };
    printList(stdout, format, rows, flags.format);
    const code = Ports.some(({ EndsAt }) => EndsAt !== '') ? 1 : 0;
    if (flags.format !== undefined) return code;
    for (const { Port, Published, EndsAt } of Ports) {
      const port = Published ? `${Published} -> ${Port}` : Port;
      stdout.write(`${port} of ${Name}: ${EndsAt ? `ends at "${EndsAt}"` : 'gets through'}\n`);
    }
    if (Ports.length === 0) stdout.write(`${Name} has no published ports\n`);
    return code;
  },
});
