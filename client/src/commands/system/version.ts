import type { SystemVersion } from '@tinydocker/shared/api/system.js';
import { API_VERSION, VERSION } from '@tinydocker/shared/version.js';
import { refusal } from '../../api/engine.js';
import { ApiError, ConnectionError } from '../../api/errors.js';
import { type Context, defineCommand } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';
import { text } from '../../flags/types.js';

/** As Go names machines. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

const CLIENT = {
  Version: VERSION,
  ApiVersion: API_VERSION,
  DefaultAPIVersion: API_VERSION,
  GitCommit: '',
  GoVersion: `node ${process.version}`,
  Os: process.platform,
  Arch: ARCHITECTURES[process.arch] ?? process.arch,
  BuildTime: '',
  Context: 'default',
};

type Lines = readonly (readonly [label: string, value: string])[];

const block = (indent: string, lines: Lines): string =>
  lines.map(([label, value]) => `${indent}${`${label}:`.padEnd(20 - indent.length)}${value}`.trimEnd()).join('\n');

function serverText(server: SystemVersion): string {
  const parts = server.Components.map(({ Name, Version, Details = {} }) => {
    const lines: (readonly [string, string])[] = [['Version', Version]];
    if (Name === 'Engine') {
      lines.push(['API version', `${Details.ApiVersion} (minimum version ${Details.MinAPIVersion})`]);
      lines.push(['Runs on', Details.GoVersion ?? server.GoVersion]);
      lines.push(['OS/Arch', `${Details.Os}/${Details.Arch}`]);
      lines.push(['Kernel', Details.KernelVersion ?? server.KernelVersion]);
    }
    if (Details.GitCommit) lines.push(['Git commit', Details.GitCommit]);
    return ` ${Name}:\n${block('  ', lines)}`;
  });
  const platform = server.Platform?.Name ? ` ${server.Platform.Name}` : '';
  return `Server:${platform}\n${parts.join('\n')}\n`;
}

const clientText = (): string =>
  `Client:\n${block(' ', [
    ['Version', CLIENT.Version],
    ['API version', CLIENT.ApiVersion],
    ['Runs on', CLIENT.GoVersion],
    ['OS/Arch', `${CLIENT.Os}/${CLIENT.Arch}`],
    ['Context', CLIENT.Context],
  ])}\n`;

export const command = defineCommand({
  names: ['version'],
  usage: '[OPTIONS]',
  summary: 'Show the version information of tdctl and the daemon',
  examples: [
    ['tdctl version', 'Both'],
    ["tdctl version --format '{{.Server.Version}}'", 'The daemon’s only'],
  ],
  flags: { format: text("Format output using a custom template: 'json' or 'TEMPLATE'", 'f') },
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const { stdout } = context;
    let server: SystemVersion | undefined;
    let failure: unknown;
    try {
      server = await context.engine.get<SystemVersion>('/version');
    } catch (error) {
      if (!(error instanceof ConnectionError) && !(error instanceof ApiError)) throw error;
      failure = error;
    }
    if (flags.format) await printFormatted(context, flags.format, server);
    else stdout.write(server ? `${clientText()}\n${serverText(server)}` : clientText());
    if (failure !== undefined) throw failure instanceof ApiError ? new Failure(refusal(failure)) : failure;
  },
});

async function printFormatted({ stdout }: Context, format: string, server: SystemVersion | undefined): Promise<void> {
  const { Template } = await import('../../output/template/evaluate.js');
  try {
    const template = new Template(format === 'json' ? '{{json .}}' : format, { name: 'version' });
    stdout.write(`${template.render({ Client: CLIENT, Server: server ?? null })}\n`);
  } catch (error) {
    // What is asked of a server that is not there is no mistake of the template.
    if (server === undefined) return;
    throw new Failure(messageOf(error));
  }
}
