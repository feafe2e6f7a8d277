import type { DiskUsage } from '@tinydocker/shared/api/system.js';
import { humanSize } from '@tinydocker/shared/units.js';
import type { ListFormat } from '../../output/list-format.js';

/** One kind of things that take room. */
export interface UsageRow {
  type: string;
  total: number;
  active: number;
  size: number;
  reclaimable: number;
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + Math.max(0, of(item)), 0);

const ACTIVE = ['running', 'paused', 'restarting'];

/** What `system df` shows, from what the daemon says. */
export function usageRows(usage: DiskUsage): UsageRow[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const cache = usage.BuildCache ?? [];
  // What an image has as well is counted there.
  const own = cache.filter(({ Shared }) => !Shared);
  const usedImages = images.filter(({ Containers }) => Containers !== 0);
  const idle = containers.filter(({ State }) => !ACTIVE.includes(State));
  const dangling = volumes.filter(({ UsageData }) => UsageData?.RefCount === 0);
  const volumeSize = ({ UsageData }: (typeof volumes)[number]) => UsageData?.Size ?? 0;
  // What an image shares with others is not given back by removing it.
  const kept = sum(usedImages, ({ Size, SharedSize }) => (SharedSize < 0 ? 0 : Size - SharedSize));
  return [
    {
      type: 'Images',
      total: images.length,
      active: usedImages.length,
      size: usage.LayersSize,
      reclaimable: usage.LayersSize - kept,
    },
    {
      type: 'Containers',
      total: containers.length,
      active: containers.length - idle.length,
      size: sum(containers, ({ SizeRw }) => SizeRw ?? 0),
      reclaimable: sum(idle, ({ SizeRw }) => SizeRw ?? 0),
    },
    {
      type: 'Local Volumes',
      total: volumes.length,
      active: volumes.length - dangling.length,
      size: sum(volumes, volumeSize),
      reclaimable: sum(dangling, volumeSize),
    },
    {
      type: 'Build Cache',
      total: cache.length,
      active: cache.filter(({ InUse }) => InUse).length,
      size: sum(own, ({ Size }) => Size),
      reclaimable: sum(own, ({ InUse, Size }) => (InUse ? 0 : Size)),
    },
  ];
}

function reclaimable({ size, reclaimable: bytes }: UsageRow): string {
  const percent = size > 0 ? ` (${Math.trunc((bytes * 100) / size)}%)` : '';
  return humanSize(bytes) + percent;
}

export const usageFormat: ListFormat<UsageRow> = {
  columns: {
    Type: { heading: 'TYPE', value: ({ type }) => type },
    TotalCount: { heading: 'TOTAL', value: ({ total }) => String(total) },
    Active: { heading: 'ACTIVE', value: ({ active }) => String(active) },
    Size: { heading: 'SIZE', value: ({ size }) => humanSize(size) },
    Reclaimable: { heading: 'RECLAIMABLE', value: reclaimable },
  },
  table: 'table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
};
