import type { Deps } from '../../deps.js';
import type { ImageRecord } from '../../store/images.js';

type ImageAction = 'create' | 'load' | 'tag' | 'untag' | 'delete';

/** Tells of what happened to an image; `name` is its id where no name is meant. */
export function publishImage(
  deps: Pick<Deps, 'events'>,
  action: ImageAction,
  image: ImageRecord,
  name: string = image.id,
): void {
  deps.events.publish('image', action, image.id, { ...image.config.config?.Labels, name });
}
