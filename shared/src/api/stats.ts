import type { Static } from 'typebox';
import * as Type from 'typebox';
import { MapOf, Nullable } from './common.js';

const counter = (description: string) => Type.Integer({ description });
const maybe = (description: string) => Type.Optional(Type.Integer({ description }));

export const CpuStats = Type.Object({
  cpu_usage: Type.Object({
    total_usage: counter('CPU time of all processes since the start, in ns.'),
    percpu_usage: Type.Optional(Type.Array(Type.Integer(), { description: 'By CPU; cgroup v1 only.' })),
    usage_in_kernelmode: counter('ns'),
    usage_in_usermode: counter('ns'),
  }),
  system_cpu_usage: maybe('CPU time of the whole host since its start, in ns.'),
  online_cpus: maybe('CPUs of the host.'),
  throttling_data: Type.Object({
    periods: counter('Scheduling periods with a quota in force.'),
    throttled_periods: counter('Those in which it was used up.'),
    throttled_time: counter('How long processes waited for the next one, in ns.'),
  }),
});
export type CpuStats = Static<typeof CpuStats>;

export const BlkioEntry = Type.Object({
  major: Type.Integer(),
  minor: Type.Integer(),
  op: Type.String({ description: 'Read, Write, Sync, Async, Discard, Total; read and write on cgroup v2.' }),
  value: Type.Integer(),
});
export type BlkioEntry = Static<typeof BlkioEntry>;

const entries = Nullable(Type.Array(BlkioEntry));
export const BlkioStats = Type.Object({
  io_service_bytes_recursive: entries,
  io_serviced_recursive: entries,
  io_queue_recursive: entries,
  io_service_time_recursive: entries,
  io_wait_time_recursive: entries,
  io_merged_recursive: entries,
  io_time_recursive: entries,
  sectors_recursive: entries,
});
export type BlkioStats = Static<typeof BlkioStats>;

export const MemoryStats = Type.Object({
  usage: maybe('Bytes, the page cache among them.'),
  max_usage: maybe('The most so far; cgroup v1 only.'),
  stats: Type.Optional(MapOf(Type.Integer())),
  failcnt: maybe('How often the limit was hit (v1); how often memory could not be had (v2).'),
  limit: maybe('The limit, or the memory of the host.'),
});
export type MemoryStats = Static<typeof MemoryStats>;

export const PidsStats = Type.Object({
  current: maybe('Processes and threads.'),
  limit: maybe('How many there may be.'),
});
export type PidsStats = Static<typeof PidsStats>;

export const NetworkStats = Type.Object({
  rx_bytes: Type.Integer(),
  rx_packets: Type.Integer(),
  rx_errors: Type.Integer(),
  rx_dropped: Type.Integer(),
  tx_bytes: Type.Integer(),
  tx_packets: Type.Integer(),
  tx_errors: Type.Integer(),
  tx_dropped: Type.Integer(),
});
export type NetworkStats = Static<typeof NetworkStats>;

/** What a container uses, at one moment and a second before. */
export const ContainerStats = Type.Object({
  name: Type.Optional(Type.String()),
  id: Type.Optional(Type.String()),
  read: Type.String({ description: 'When it was looked at.' }),
  preread: Type.String({ description: 'When it was looked at before: for precpu_stats.' }),
  pids_stats: PidsStats,
  blkio_stats: BlkioStats,
  num_procs: Type.Integer({ description: 'Windows only.' }),
  storage_stats: Type.Object({}, { description: 'Windows only.' }),
  cpu_stats: CpuStats,
  precpu_stats: CpuStats,
  memory_stats: MemoryStats,
  networks: Type.Optional(MapOf(NetworkStats)),
});
export type ContainerStats = Static<typeof ContainerStats>;
