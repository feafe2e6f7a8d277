import type { Network } from '@tinydocker/shared/api/networks.js';
import type { ListFormat } from '../../output/list-format.js';

/** What `network ls` shows of a network. */
export const networkRows = (truncate: boolean): ListFormat<Network> => ({
  columns: {
    ID: { heading: 'NETWORK ID', value: ({ Id }) => (truncate ? Id.slice(0, 12) : Id) },
    Name: { heading: 'NAME', value: ({ Name }) => Name },
    Driver: { heading: 'DRIVER', value: ({ Driver }) => Driver },
    Scope: { heading: 'SCOPE', value: ({ Scope }) => Scope },
    IPv4: { heading: 'IPV4', value: ({ EnableIPv4 }) => String(EnableIPv4) },
    IPv6: { heading: 'IPV6', value: ({ EnableIPv6 }) => String(EnableIPv6) },
    Internal: { heading: 'INTERNAL', value: ({ Internal }) => String(Internal) },
    CreatedAt: { heading: 'CREATED', value: ({ Created }) => Created },
    Labels: {
      heading: 'LABELS',
      value: ({ Labels }) =>
        Object.entries(Labels)
          .map(([name, value]) => `${name}=${value}`)
          .sort()
          .join(','),
    },
  },
  methods: {
    Label:
      ({ Labels }) =>
      (name) =>
        Labels[String(name)] ?? '',
  },
  table: 'table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
});
