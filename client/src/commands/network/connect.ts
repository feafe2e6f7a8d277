import { networkPath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { keyValues } from '../../flags/key-values.js';
import { int, list, pair, text } from '../../flags/types.js';
import { endpointSettings } from '../container/endpoint.js';

export const command = defineCommand({
  names: ['network connect'],
  usage: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Connect a container to a network',
  examples: [
    ['tdctl network connect back web', 'While it runs, too'],
    ['tdctl network connect --alias db --ip 10.5.0.7 back postgres', 'By another name, with an address'],
  ],
  flags: {
    alias: list('Add network-scoped alias for the container', undefined, undefined, 'strings'),
    'driver-opt': list('driver options for the network', undefined, pair, 'strings'),
    'gw-priority': int('Highest gw-priority provides the default gateway. Accepts positive and negative values.'),
    ip: text('IPv4 address (e.g., "172.30.100.104")'),
    ip6: text('IPv6 address (e.g., "2001:db8::33")'),
    link: list('Add link to another container'),
    'link-local-ip': list('Add a link-local address for the container', undefined, undefined, 'strings'),
  },
  args: { min: 2, max: 2 },
  async run({ engine }, { flags, args }) {
    await engine.post(networkPath(args[0]!, '/connect'), undefined, {
      Container: args[1],
      EndpointConfig: endpointSettings({
        aliases: flags.alias,
        driverOpts: keyValues(flags['driver-opt']),
        gwPriority: flags['gw-priority'],
        ip: flags.ip,
        ip6: flags.ip6,
        links: flags.link,
        linkLocal: flags['link-local-ip'],
      }),
    });
  },
});
