import type { NetworkCreateResponse } from '@tinydocker/shared/api/networks.js';
import { defineCommand } from '../../command.js';
import { keyValues } from '../../flags/key-values.js';
import { bool, list, pair, text } from '../../flags/types.js';
import { ipamConfig } from './ipam.js';

export const command = defineCommand({
  names: ['network create'],
  usage: '[OPTIONS] NETWORK',
  summary: 'Create a network',
  examples: [
    ['tdctl network create front', 'Containers in it find each other by name'],
    ['tdctl network create --subnet 10.5.0.0/24 --gateway 10.5.0.254 back', 'With addresses of one’s own choice'],
    ['tdctl network create --internal db', 'One that leads nowhere else'],
  ],
  flags: {
    attachable: bool('Enable manual container attachment'),
    'aux-address': list('Auxiliary IPv4 or IPv6 addresses used by Network driver', undefined, pair, 'map'),
    driver: text('Driver to manage the Network (default "bridge")', 'd'),
    gateway: list('IPv4 or IPv6 Gateway for the master subnet', undefined, undefined, 'strings'),
    internal: bool('Restrict external access to the network'),
    'ip-range': list('Allocate container ip from a sub-range', undefined, undefined, 'strings'),
    'ipam-driver': text('IP Address Management Driver (default "default")'),
    'ipam-opt': list('Set IPAM driver specific options', undefined, pair, 'map'),
    ipv4: bool('Enable or disable IPv4 address assignment', undefined, true),
    ipv6: bool('Enable or disable IPv6 address assignment'),
    label: list('Set metadata on a network'),
    opt: list('Set driver specific options', 'o', pair, 'map'),
    scope: text("Control the network's scope"),
    subnet: list('Subnet in CIDR format that represents a network segment', undefined, undefined, 'strings'),
  },
  args: { min: 1, max: 1 },
  async run({ engine, stdout, stderr }, { flags, args }) {
    const { Id, Warning } = await engine.post<NetworkCreateResponse>('/networks/create', undefined, {
      Name: args[0],
      Driver: flags.driver,
      Scope: flags.scope,
      Internal: flags.internal || undefined,
      Attachable: flags.attachable || undefined,
      // What is not said is for the daemon's configuration to say.
      EnableIPv4: flags.ipv4 ? undefined : false,
      EnableIPv6: flags.ipv6 || undefined,
      IPAM: { Driver: flags['ipam-driver'], Options: keyValues(flags['ipam-opt']), Config: ipamConfig(flags) },
      Options: keyValues(flags.opt),
      Labels: keyValues(flags.label),
    });
    if (Warning) stderr.write(`WARNING: ${Warning}\n`);
    stdout.write(`${Id}\n`);
  },
});
