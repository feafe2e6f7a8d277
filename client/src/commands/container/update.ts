import type { ContainerUpdateRequest, ContainerUpdateResponse } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bytes, bytesOrUnlimited, cpus, hidden, int, list, text, weight } from '../../flags/types.js';
import { forEach } from '../each.js';
import { parseRestartPolicy } from './lifecycle-options.js';
import { parsePublish } from './port-option.js';

function portBindings(publish: readonly string[], remove: readonly string[]): ContainerUpdateRequest['PortBindings'] {
  if (publish.length + remove.length === 0) return undefined;
  const gone = Object.fromEntries(Object.keys(parsePublish(remove).exposed).map((port) => [port, null]));
  return { ...gone, ...parsePublish(publish).bindings };
}

export const command = defineCommand({
  names: ['update', 'container update'],
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Update configuration of one or more containers',
  examples: [
    ['tdctl update -m 512m --memory-swap 1g db', 'More memory, while it runs'],
    ['tdctl update -p 8080:80 web', 'Publish a port, while it runs; --publish-rm 80 takes it back'],
    ['tdctl update --cpus 1.5 --restart unless-stopped db web', 'Limits and restart policy of two'],
  ],
  flags: {
    'blkio-weight': weight('Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)'),
    'cpu-period': int('Limit CPU CFS (Completely Fair Scheduler) period'),
    'cpu-quota': int('Limit CPU CFS (Completely Fair Scheduler) quota'),
    'cpu-rt-period': int('Limit the CPU real-time period in microseconds'),
    'cpu-rt-runtime': int('Limit the CPU real-time runtime in microseconds'),
    'cpu-shares': int('CPU shares (relative weight)', 'c'),
    cpus: cpus('Number of CPUs'),
    'cpuset-cpus': text('CPUs in which to allow execution (0-3, 0,1)'),
    'cpuset-mems': text('MEMs in which to allow execution (0-3, 0,1)'),
    'kernel-memory': hidden(bytes('Kernel memory limit (deprecated)')),
    memory: bytes('Memory limit', 'm'),
    'memory-reservation': bytes('Memory soft limit'),
    'memory-swap': bytesOrUnlimited('Swap limit equal to memory plus swap: -1 to enable unlimited swap'),
    publish: list("Publish a container's port(s) to the host, in place of where they were published", 'p'),
    'publish-rm': list('Publish a port of the container no longer: PORT[/PROTO]'),
    'pids-limit': int('Tune container pids limit (set -1 for unlimited)'),
    restart: text('Restart policy to apply when a container exits'),
  },
  args: { min: 1 },
  async run(context, { flags, args, given }) {
    if (given.size === 0) throw new Failure('you must provide one or more flags when using this command');
    const request: ContainerUpdateRequest = {
      BlkioWeight: flags['blkio-weight'],
      CpuPeriod: flags['cpu-period'],
      CpuQuota: flags['cpu-quota'],
      CpuRealtimePeriod: flags['cpu-rt-period'],
      CpuRealtimeRuntime: flags['cpu-rt-runtime'],
      CpuShares: flags['cpu-shares'],
      CpusetCpus: flags['cpuset-cpus'],
      CpusetMems: flags['cpuset-mems'],
      KernelMemory: flags['kernel-memory'],
      Memory: flags.memory,
      MemoryReservation: flags['memory-reservation'],
      MemorySwap: flags['memory-swap'],
      NanoCpus: flags.cpus,
      PidsLimit: flags['pids-limit'],
      PortBindings: portBindings(flags.publish, flags['publish-rm']),
      RestartPolicy: parseRestartPolicy(flags.restart, 1),
    };
    const warnings = new Set<string>();
    const failed = await forEach(context, args, async (name) => {
      const path = containerPath(name, '/update');
      const { Warnings } = await context.engine.post<ContainerUpdateResponse>(path, undefined, request);
      for (const warning of Warnings ?? []) warnings.add(warning);
      return name;
    });
    for (const warning of warnings) context.stderr.write(`${warning}\n`);
    return failed.length > 0 ? 1 : 0;
  },
});
