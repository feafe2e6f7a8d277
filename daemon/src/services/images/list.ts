import type { ImageSummary } from '@tinydocker/shared/api/images.js';
import { booleanFilter, type Filters, matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import { parseTime } from '@tinydocker/shared/units.js';
import type { Deps } from '../../deps.js';
import type { ImageRecord } from '../../store/images.js';
import { matcher } from './pattern.js';
import { requireImage } from './resolve.js';
import { ImageSizes } from './sizes.js';

export const IMAGE_FILTERS = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until'] as const;

export interface ListImagesOptions {
  filters?: string;
  sharedSize?: boolean;
  /** Sizes are of all that lies on disk: of the blobs too that the layers came from. */
  blobs?: boolean;
  /** Also those between two steps of a build. */
  all?: boolean | undefined;
}

/** When the image says that it was made, in ms since 1970; 0 when it does not. */
const madeAt = (image: ImageRecord): number => Date.parse(image.config.created ?? '') || 0;

/**
 * The images, the newest first.
 * @throws EngineError invalid: a filter; not-found: the image that before or since names
 */
export function listImages(deps: Pick<Deps, 'containers' | 'images'>, options: ListImagesOptions): ImageSummary[] {
  const filters = parseFilters(options.filters, IMAGE_FILTERS);
  const isMeant = timeFilter(deps, filters);
  const namesOf = nameFilter(filters);
  const users = countUsers(deps);
  const sizes = new ImageSizes(deps, options);
  const found: [number, ImageSummary][] = [];
  for (const image of options.all ? deps.images.all() : deps.images.list()) {
    if (!isMeant(image) || !matchesLabels(filters, image.config.config?.Labels)) continue;
    const names = namesOf(image);
    if (!names) continue;
    found.push([
      madeAt(image),
      {
        Id: image.id,
        ParentId: '',
        RepoTags: names.tags,
        RepoDigests: names.digests,
        Created: Math.floor(madeAt(image) / 1000),
        ...sizes.of(image),
        Labels: image.config.config?.Labels ?? null,
        Containers: users.get(image.id) ?? 0,
      },
    ]);
  }
  return found.sort(([a], [b]) => b - a).map(([, summary]) => summary);
}

interface Names {
  tags: string[];
  digests: string[];
}

/** The names under which an image is shown; undefined when it is not. */
function nameFilter(filters: Filters): (image: ImageRecord) => Names | undefined {
  const patterns = filters.get('reference')?.map(matcher);
  const dangling = booleanFilter(filters, 'dangling');
  const shown = (names: readonly string[]) => {
    const references = names.map(parseReference);
    const meant = patterns
      ? references.filter((r) => patterns.some((matches) => matches(r.familiar) || matches(r.familiarName)))
      : references;
    return meant.map(({ familiar }) => familiar);
  };
  return (image) => {
    const tags = shown(image.tags);
    const digests = shown(image.digests);
    const nameless = tags.length === 0 && digests.length === 0;
    if (patterns && nameless) return undefined;
    if (dangling === true && image.tags.length > 0) return undefined;
    if (dangling === false && nameless) return undefined;
    return { tags, digests };
  };
}

function timeFilter(deps: Pick<Deps, 'images'>, filters: Filters): (image: ImageRecord) => boolean {
  const times = (key: string) => (filters.get(key) ?? []).map((name) => madeAt(requireImage(deps, name)));
  const until = (filters.get('until') ?? []).map((text) => {
    const { seconds, nanos } = parseTime(text);
    return seconds * 1000 + nanos / 1e6;
  });
  const before = Math.min(...times('before'), ...until);
  const since = Math.max(...times('since'));
  return (image) => madeAt(image) < before && madeAt(image) > since;
}

function countUsers(deps: Pick<Deps, 'containers'>): Map<string, number> {
  const users = new Map<string, number>();
  for (const { imageId } of deps.containers.list()) users.set(imageId, (users.get(imageId) ?? 0) + 1);
  return users;
}
