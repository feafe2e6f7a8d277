import type { BlkioEntry, ContainerStats } from '@tinydocker/shared/api/stats.js';
import { binarySize, humanSize } from '@tinydocker/shared/units.js';
import type { ListFormat } from '../../output/list-format.js';

/** A line of the table. Without numbers, because they have not come yet or cannot be had, it shows dashes. */
export interface StatsRow {
  /** As it was named on the command line. */
  container: string;
  id: string;
  name: string;
  stats: ContainerStats | undefined;
}

/** The share of one CPU between two looks, in percent: more than 100 where several are busy. */
export function cpuPercent({ cpu_stats, precpu_stats }: ContainerStats): number {
  const used = cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage;
  const passed = (cpu_stats.system_cpu_usage ?? 0) - (precpu_stats.system_cpu_usage ?? 0);
  const cpus = cpu_stats.online_cpus || cpu_stats.cpu_usage.percpu_usage?.length || 0;
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Without the page cache that could be given back at once, of which v1 and v2 have different names. */
export function memoryUsed({ memory_stats }: ContainerStats): number {
  const usage = memory_stats.usage ?? 0;
  const stats = memory_stats.stats ?? {};
  const inactive = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

function blockBytes(stats: ContainerStats): { read: number; write: number } {
  const entries = stats.blkio_stats.io_service_bytes_recursive ?? [];
  const sum = (letter: string) =>
    entries
      .filter(({ op }: BlkioEntry) => op.toLowerCase().startsWith(letter))
      .reduce((total, { value }) => total + value, 0);
  return { read: sum('r'), write: sum('w') };
}

function networkBytes(stats: ContainerStats): { received: number; sent: number } {
  const networks = Object.values(stats.networks ?? {});
  return {
    received: networks.reduce((total, { rx_bytes }) => total + rx_bytes, 0),
    sent: networks.reduce((total, { tx_bytes }) => total + tx_bytes, 0),
  };
}

const percent = (value: number): string => `${value.toFixed(2)}%`;

const shown = (show: (stats: ContainerStats) => string, missing = '--') => {
  return ({ stats }: StatsRow): string => (stats ? show(stats) : missing);
};

/** What `stats` shows of a container. */
export const statsRows = (truncate: boolean): ListFormat<StatsRow> => ({
  columns: {
    BlockIO: {
      heading: 'BLOCK I/O',
      value: shown((stats) => {
        const { read, write } = blockBytes(stats);
        return `${humanSize(read, 3)} / ${humanSize(write, 3)}`;
      }),
    },
    CPUPerc: { heading: 'CPU %', value: shown((stats) => percent(cpuPercent(stats))) },
    Container: { heading: 'CONTAINER', value: ({ container }) => container },
    ID: { heading: 'CONTAINER ID', value: ({ id }) => (truncate ? id.slice(0, 12) : id) },
    MemPerc: {
      heading: 'MEM %',
      value: shown((stats) => {
        const limit = stats.memory_stats.limit ?? 0;
        return percent(limit > 0 ? (memoryUsed(stats) / limit) * 100 : 0);
      }),
    },
    MemUsage: {
      heading: 'MEM USAGE / LIMIT',
      value: shown(
        (stats) => `${binarySize(memoryUsed(stats))} / ${binarySize(stats.memory_stats.limit ?? 0)}`,
        '-- / --',
      ),
    },
    Name: { heading: 'NAME', value: ({ name }) => name || '--' },
    NetIO: {
      heading: 'NET I/O',
      value: shown((stats) => {
        const { received, sent } = networkBytes(stats);
        return `${humanSize(received, 3)} / ${humanSize(sent, 3)}`;
      }),
    },
    PIDs: { heading: 'PIDS', value: shown((stats) => String(stats.pids_stats.current ?? 0)) },
  },
  table: 'table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}',
});
