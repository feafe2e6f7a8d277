import type { ContainerInspectResponse } from '@tinydocker/shared/api/containers.js';
import { containerPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';

type Bindings = readonly { HostIp?: string; HostPort?: string }[];

const address = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);
const lines = (bindings: Bindings): string[] =>
  bindings.map(({ HostIp = '', HostPort = '' }) => `${address(HostIp)}:${HostPort}`);

/** `80`, `80/tcp` as the API names a port. @throws Failure */
function portKey(text: string): string {
  const [port = '', protocol = 'tcp'] = text.split('/');
  const invalid = (why: string) =>
    new Failure(`Error: invalid port (${port}): strconv.ParseUint: parsing ${JSON.stringify(port)}: ${why}`);
  if (!/^\d+$/.test(port)) throw invalid('invalid syntax');
  if (Number(port) > 65535) throw invalid('value out of range');
  return `${Number(port)}/${protocol}`;
}

export const command = defineCommand({
  names: ['port', 'container port'],
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  summary: 'List port mappings or a specific mapping for the container',
  examples: [
    ['tdctl port web', 'All of its published ports'],
    ['tdctl port web 80', 'Where port 80 can be reached'],
  ],
  flags: {},
  args: { min: 1, max: 2 },
  async run({ engine, stdout }, { args }) {
    const [name, wanted] = args;
    const { NetworkSettings } = await engine.get<ContainerInspectResponse>(containerPath(name!, '/json'));
    const ports = NetworkSettings.Ports ?? {};
    if (wanted !== undefined) {
      const bindings = ports[portKey(wanted)];
      if (!bindings?.length) throw new Failure(`Error: No public port '${wanted}' published for ${name}`);
      for (const line of lines(bindings)) stdout.write(`${line}\n`);
      return;
    }
    const all = Object.entries(ports).flatMap(([port, bindings]) =>
      lines(bindings ?? []).map((line) => `${port} -> ${line}`),
    );
    const numeric = (line: string) => Number.parseInt(line, 10);
    all.sort((a, b) => numeric(a) - numeric(b) || (a < b ? -1 : 1));
    for (const line of all) stdout.write(`${line}\n`);
  },
});
