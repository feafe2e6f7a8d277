import type { ImageDeleteResponseItem, ImagesPruneResponse } from '@tinydocker/shared/api/images.js';
import { booleanFilter, matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import type { Deps } from '../../deps.js';
import { untilTime } from '../until.js';
import { type RemoveImageDeps, removeImage } from './remove.js';
import { contentSize } from './sizes.js';

/**
 * Removes images that no container is made of: those without a name, or with `dangling=false` all; and what has come of others in part.
 * @throws EngineError invalid (filters)
 */
export function pruneImages(
  deps: RemoveImageDeps & Pick<Deps, 'log' | 'partial'>,
  filterText: string | undefined,
): ImagesPruneResponse {
  const filters = parseFilters(filterText, ['dangling', 'label', 'label!', 'until']);
  const all = booleanFilter(filters, 'dangling') === false;
  const until = untilTime(filters);
  const before = contentSize(deps);
  const deleted: ImageDeleteResponseItem[] = [];
  for (const image of deps.images.list()) {
    if (!all && image.tags.length > 0) continue;
    if (!matchesLabels(filters, image.config.config?.Labels)) continue;
    if (until !== undefined && (Date.parse(image.config.created ?? '') || 0) > until) continue;
    if (deps.containers.findByImage(image.id).length > 0) continue;
    try {
      deleted.push(...removeImage(deps, image.id, { force: true }));
    } catch (error) {
      deps.log.warn({ image: image.id, err: error }, 'prune');
    }
  }
  deps.partial.sweep();
  const reclaimed = before - contentSize(deps);
  deps.events.publish('image', 'prune', '', { reclaimed: String(reclaimed) });
  return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
}
