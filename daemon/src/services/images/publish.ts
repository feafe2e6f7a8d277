import type { Deps } from '../../deps.js';
import type { ImageRecord } from '../../store/images.js';

type ImageAction = 'build' | 'create' | 'import' | 'load' | 'save' | 'tag' | 'untag' | 'delete';

/** Tells of what happened to an image; `name` is its id where no name is meant. */
export function publishImage(
  deps: Pick<Deps, 'events'>,
  action: ImageAction,
  image: ImageRecord,
  name: string = image.id,
): void {
  deps.events.publish('image', action, image.id, { ...image.config.config?.Labels, name });
}

/** The same of what happens to a name: it stands in the place of the id. */
export function publishImageName(
  deps: Pick<Deps, 'events'>,
  action: 'pull' | 'push',
  image: ImageRecord,
  reference: string,
  name: string,
): void {
  deps.events.publish('image', action, reference, { ...image.config.config?.Labels, name });
}
