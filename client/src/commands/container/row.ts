import type { ContainerSummary } from '@tinydocker/shared/api/containers.js';
import { humanSize } from '@tinydocker/shared/units.js';
import type { ListFormat } from '../../output/list-format.js';
import { ago, createdAt } from '../../output/time.js';
import { formatPorts } from './ports.js';

/** At most `width` characters, an ellipsis being the last of what is longer. */
function ellipsis(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}

/** A container that is linked to another bears its names too: `/other/alias`. */
function namesOf({ Names }: ContainerSummary, truncate: boolean): string {
  const names = (Names ?? []).map((name) => name.replace(/^\//, ''));
  return (truncate ? names.filter((name) => !name.includes('/')) : names).join(',');
}

function imageOf({ Image, ImageID }: ContainerSummary, truncate: boolean): string {
  if (Image === '') return '<no image>';
  if (!truncate) return Image;
  // What has lost its name is shown by its id.
  if (Image === ImageID || /^(sha256:)?[0-9a-f]{64}$/.test(Image)) return Image.replace(/^sha256:/, '').slice(0, 12);
  const at = Image.indexOf('@sha256:');
  return at > 0 ? Image.slice(0, at) : Image;
}

function mountsOf({ Mounts }: ContainerSummary, truncate: boolean): string {
  const names = (Mounts ?? []).map(({ Name, Source }) => Name || Source);
  return (truncate ? names.map((name) => ellipsis(name, 15)) : names).join(',');
}

function sizeOf({ SizeRw, SizeRootFs }: ContainerSummary): string {
  const own = humanSize(SizeRw ?? 0, 3);
  return SizeRootFs ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own;
}

const labelsOf = ({ Labels }: ContainerSummary): string =>
  Object.entries(Labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');

/** What `ps` shows of a container. */
export const containerRows = (truncate: boolean, withSize: boolean): ListFormat<ContainerSummary> => ({
  columns: {
    ID: { heading: 'CONTAINER ID', value: ({ Id }) => (truncate ? Id.slice(0, 12) : Id) },
    Image: { heading: 'IMAGE', value: (c) => imageOf(c, truncate) },
    Command: { heading: 'COMMAND', value: ({ Command }) => JSON.stringify(truncate ? ellipsis(Command, 20) : Command) },
    CreatedAt: { heading: 'CREATED AT', value: ({ Created }) => createdAt(Created) },
    RunningFor: { heading: 'CREATED', value: ({ Created }) => ago(Created) },
    Status: { heading: 'STATUS', value: ({ Status }) => Status },
    State: { heading: 'STATE', value: ({ State }) => State },
    Ports: { heading: 'PORTS', value: ({ Ports }) => formatPorts(Ports ?? []) },
    Names: { heading: 'NAMES', value: (c) => namesOf(c, truncate) },
    Labels: { heading: 'LABELS', value: labelsOf },
    LocalVolumes: {
      heading: 'LOCAL VOLUMES',
      value: ({ Mounts }) => String((Mounts ?? []).filter(({ Driver }) => Driver === 'local').length),
    },
    Mounts: { heading: 'MOUNTS', value: (c) => mountsOf(c, truncate) },
    Networks: {
      heading: 'NETWORKS',
      value: ({ NetworkSettings }) => Object.keys(NetworkSettings?.Networks ?? {}).join(','),
    },
    Platform: { heading: 'PLATFORM', value: () => null },
    Size: { heading: 'SIZE', value: sizeOf },
  },
  methods: {
    Label:
      ({ Labels }) =>
      (name) =>
        Labels?.[String(name)] ?? '',
  },
  table: `table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}${withSize ? '\t{{.Size}}' : ''}`,
});
