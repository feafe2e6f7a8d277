import type { SystemVersion } from '@tinydocker/shared/api/system.js';
import { API_VERSION, VERSION } from '@tinydocker/shared/version.js';
import type { Verb } from '../../command.js';
import { render } from '../../output/template.js';

const line = (name: string, value: unknown) => ` ${`${name}:`.padEnd(18)}${value}\n`;

export const version: Verb = {
  summary: 'Show the version of client and engine',
  define(command, context) {
    command
      .usage('[OPTIONS]')
      .option('-f, --format <template>', 'Go template, or "json"')
      .action(async (flags: { format?: string }) => {
        const Client = {
          Version: VERSION,
          ApiVersion: API_VERSION,
          Os: process.platform,
          Arch: process.arch,
          NodeVersion: process.version,
        };
        const client = `Client: tinydocker\n${line('Version', VERSION)}${line('API version', API_VERSION)}${line('Node version', process.version)}${line('OS/Arch', `${process.platform}/${process.arch}`)}`;
        let Server: SystemVersion;
        try {
          Server = await context.engine.get<SystemVersion>('/version');
        } catch (error) {
          if (!flags.format) context.stdout.write(client);
          throw error;
        }
        if (flags.format === 'json') return void context.stdout.write(`${JSON.stringify({ Client, Server })}\n`);
        if (flags.format) return void context.stdout.write(`${render(flags.format, { Client, Server })}\n`);
        context.stdout.write(
          `${client}\nServer: ${Server.Platform?.Name ?? ''}\n Engine:\n${[
            line(' Version', Server.Version),
            line(' API version', `${Server.ApiVersion} (minimum version ${Server.MinAPIVersion})`),
            line(' OS/Arch', `${Server.Os}/${Server.Arch}`),
            line(' Kernel version', Server.KernelVersion),
          ].join('')}`,
        );
      });
  },
};
