import type { Volume } from '@tinydocker/shared/api/volumes.js';
import { humanSize } from '@tinydocker/shared/units.js';
import type { ListFormat } from '../../output/list-format.js';

const NONE = 'N/A';

const labelsOf = ({ Labels }: Volume): string =>
  Object.entries(Labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');

const sizeOf = ({ UsageData }: Volume): string => {
  if (!UsageData) return NONE;
  return UsageData.Size < 0 ? NONE : humanSize(UsageData.Size);
};

/** What `volume ls` shows of a volume; what it takes is known to `system df` alone. */
export const volumeRows: ListFormat<Volume> = {
  columns: {
    Name: { heading: 'VOLUME NAME', value: ({ Name }) => Name },
    Driver: { heading: 'DRIVER', value: ({ Driver }) => Driver },
    Scope: { heading: 'SCOPE', value: ({ Scope }) => Scope },
    Mountpoint: { heading: 'MOUNTPOINT', value: ({ Mountpoint }) => Mountpoint },
    Labels: { heading: 'LABELS', value: labelsOf },
    Links: { heading: 'LINKS', value: ({ UsageData }) => (UsageData ? String(UsageData.RefCount) : NONE) },
    Size: { heading: 'SIZE', value: sizeOf },
    Availability: { heading: 'AVAILABILITY', value: () => NONE },
    Group: { heading: 'GROUP', value: () => NONE },
    Status: { heading: 'STATUS', value: () => NONE },
  },
  methods: {
    Label:
      ({ Labels }) =>
      (name) =>
        Labels?.[String(name)] ?? '',
  },
  table: 'table {{.Driver}}\t{{.Name}}',
};
