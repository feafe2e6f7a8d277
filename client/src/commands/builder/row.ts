import type { BuildCacheItem } from '@tinydocker/shared/api/build.js';
import { humanSize } from '@tinydocker/shared/units.js';
import type { ListFormat } from '../../output/list-format.js';
import { ago } from '../../output/time.js';

const since = (time: string | null): string => (time === null ? '' : ago(Date.parse(time) / 1000));

/** What `system df -v` shows of the build cache. */
export const cacheRows: ListFormat<BuildCacheItem> = {
  columns: {
    ID: { heading: 'CACHE ID', value: ({ ID }) => ID.slice(0, 12) },
    CacheType: { heading: 'CACHE TYPE', value: ({ Type }) => Type },
    Size: { heading: 'SIZE', value: ({ Size }) => humanSize(Size) },
    CreatedSince: { heading: 'CREATED', value: ({ CreatedAt }) => since(CreatedAt) },
    LastUsedSince: { heading: 'LAST USED', value: ({ LastUsedAt }) => since(LastUsedAt) },
    UsageCount: { heading: 'USAGE', value: ({ UsageCount }) => String(UsageCount) },
    Shared: { heading: 'SHARED', value: ({ Shared }) => String(Shared) },
  },
  table: 'table {{.ID}}\t{{.CacheType}}\t{{.Size}}',
};
