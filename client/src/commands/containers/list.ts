import type { ContainerSummary } from '@tinydocker/shared/api/containers.js';
import { humanDuration, humanSize } from '@tinydocker/shared/units.js';
import { collect, examples, type Verb } from '../../command.js';
import { type Columns, printRows } from '../../output/table.js';
import { filters } from '../filters.js';

interface ListFlags {
  all?: true;
  filter?: string[];
  format?: string;
  last?: string;
  latest?: true;
  trunc: boolean;
  quiet?: true;
  size?: true;
}

const shorten = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** `0.0.0.0:8080->80/tcp`, `80/tcp` where it is not published. */
function ports(list: ContainerSummary['Ports']): string {
  const texts = (list ?? []).map((p) => {
    const inner = `${p.PrivatePort}/${p.Type}`;
    if (!p.PublicPort) return inner;
    return `${p.IP?.includes(':') ? `[${p.IP}]` : p.IP}:${p.PublicPort}->${inner}`;
  });
  return [...new Set(texts)].sort().join(', ');
}

function columns(trunc: boolean, size: boolean): Columns<ContainerSummary> {
  const names = (c: ContainerSummary) => c.Names.map((n) => n.replace(/^\//, ''));
  return {
    standard: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names', ...(size ? ['Size'] : [])],
    fields: {
      ID: ['CONTAINER ID', (c) => (trunc ? c.Id.slice(0, 12) : c.Id)],
      Image: ['IMAGE', (c) => (trunc ? c.Image.replace(/^sha256:(\w{12})\w*$/, '$1') : c.Image) || '<no image>'],
      Command: ['COMMAND', (c) => JSON.stringify(trunc ? shorten(c.Command, 20) : c.Command)],
      CreatedAt: ['CREATED AT', (c) => goTime(c.Created)],
      RunningFor: ['CREATED', (c) => `${humanDuration(Date.now() / 1000 - c.Created)} ago`],
      Status: ['STATUS', (c) => c.Status],
      State: ['STATE', (c) => c.State],
      Ports: ['PORTS', (c) => ports(c.Ports)],
      Names: ['NAMES', (c) => names(c).join(',')],
      Size: ['SIZE', (c) => `${humanSize(c.SizeRw ?? 0, 3)} (virtual ${humanSize(c.SizeRootFs ?? 0, 3)})`],
      Labels: [
        'LABELS',
        (c) =>
          Object.entries(c.Labels ?? {})
            .map(([k, v]) => `${k}=${v}`)
            .join(','),
      ],
      Label: ['LABEL', (c) => (name: string) => c.Labels?.[name] ?? ''],
      Mounts: [
        'MOUNTS',
        (c) => (c.Mounts ?? []).map((m) => (trunc ? shorten(m.Name || m.Source, 15) : m.Name || m.Source)).join(','),
      ],
      LocalVolumes: ['LOCAL VOLUMES', (c) => String((c.Mounts ?? []).filter((m) => m.Type === 'volume').length)],
      Networks: ['NETWORKS', (c) => Object.keys(c.NetworkSettings?.Networks ?? {}).join(',')],
      Platform: ['PLATFORM', () => ''],
    },
  };
}

/** `2026-11-23 20:48:12 +0000 UTC`, as Go prints a time. */
export function goTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

export const list: Verb = {
  summary: 'List containers',
  define(command, context) {
    command
      .usage('[OPTIONS]')
      .option('-a, --all', 'Show those that do not run, too')
      .option('-f, --filter <name=value>', 'Only those that match (status=exited, name=web, label=a=b)', collect)
      .option('--format <template>', 'Go template, "table TEMPLATE" or "json"')
      .option('-n, --last <number>', 'Only the last created, in any state')
      .option('-l, --latest', 'Only the one created last')
      .option('--no-trunc', 'Do not shorten')
      .option('-q, --quiet', 'Print ids alone')
      .option('-s, --size', 'Show sizes')
      .addHelpText('after', examples('ps -a', "ps --format '{{.Names}}\\t{{.Status}}'", 'ps -q -f status=exited'))
      .action(async (flags: ListFlags) => {
        const limit = flags.latest ? '1' : flags.last;
        const rows = await context.engine.get<ContainerSummary[]>('/containers/json', {
          all: flags.all ?? limit !== undefined,
          limit,
          size: flags.size,
          filters: filters(flags.filter),
        });
        const format = flags.format ?? (flags.quiet ? '{{.ID}}' : undefined);
        printRows(context.stdout, columns(flags.trunc, flags.size ?? false), rows, format);
      });
  },
};
