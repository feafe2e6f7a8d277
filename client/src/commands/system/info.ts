import type { SystemInfo } from '@tinydocker/shared/api/system.js';
import { binarySize } from '@tinydocker/shared/units.js';
import { VERSION } from '@tinydocker/shared/version.js';
import type { Verb } from '../../command.js';
import { render } from '../../output/template.js';

function text(info: SystemInfo): string {
  const rows: [string, unknown][] = [
    ['Containers', info.Containers],
    [' Running', info.ContainersRunning],
    [' Paused', info.ContainersPaused],
    [' Stopped', info.ContainersStopped],
    ['Images', info.Images],
    ['Server Version', info.ServerVersion],
    ['Storage Driver', info.Driver],
    ['Logging Driver', info.LoggingDriver],
    ['Cgroup Driver', info.CgroupDriver],
    ['Cgroup Version', info.CgroupVersion],
    ['Security Options', (info.SecurityOptions ?? []).join(', ')],
    ['Kernel Version', info.KernelVersion],
    ['Operating System', info.OperatingSystem],
    ['OSType', info.OSType],
    ['Architecture', info.Architecture],
    ['CPUs', info.NCPU],
    ['Total Memory', binarySize(info.MemTotal ?? 0)],
    ['Name', info.Name],
    ['ID', info.ID],
    ['Data Root', info.DockerRootDir],
  ];
  return rows.map(([name, value]) => ` ${name}: ${value ?? ''}\n`).join('');
}

export const info: Verb = {
  summary: 'Display information on the engine and its host',
  define(command, context) {
    command
      .usage('[OPTIONS]')
      .option('-f, --format <template>', 'Go template, or "json"')
      .action(async (flags: { format?: string }) => {
        const answer = await context.engine.get<SystemInfo>('/info');
        if (flags.format === 'json') return void context.stdout.write(`${JSON.stringify(answer)}\n`);
        if (flags.format) return void context.stdout.write(`${render(flags.format, answer)}\n`);
        context.stdout.write(`Client:\n Version: ${VERSION}\n\nServer:\n${text(answer)}`);
        for (const warning of answer.Warnings ?? []) context.stderr.write(`${warning}\n`);
      });
  },
};
