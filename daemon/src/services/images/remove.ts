import type { ImageDeleteResponseItem } from '@tinydocker/shared/api/images.js';
import { conflict } from '@tinydocker/shared/errors.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { shortId } from '../../lib/ids.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { ImageRecord } from '../../store/images.js';
import { collectContent } from './collect.js';
import { publishImage } from './publish.js';
import { requireImage } from './resolve.js';

export type RemoveImageDeps = Pick<Deps, 'containers' | 'events' | 'images' | 'layers' | 'paths'>;

const short = (imageId: string): string => shortId(imageId.slice('sha256:'.length));
const isId = (image: ImageRecord, text: string): boolean =>
  image.id.startsWith(text) || image.id.startsWith(`sha256:${text}`);
const isActive = ({ state }: ContainerRecord): boolean =>
  state.status === 'running' || state.status === 'paused' || state.status === 'restarting';

/**
 * Removes a name of an image, and the image with its last name; by id, the image with its only name. A container that uses it
 * stands in the way: a stopped one unless `force`, a running one always. Nothing waits in here, so that no container can be
 * created from the image between the look and the removal.
 * @throws EngineError not-found, conflict
 */
export function removeImage(
  deps: RemoveImageDeps,
  nameOrId: string,
  options: { force?: boolean },
): ImageDeleteResponseItem[] {
  const image = requireImage(deps, nameOrId);
  const force = options.force === true;
  const done: ImageDeleteResponseItem[] = [];
  const users = deps.containers.findByImage(image.id);
  let named = false;

  if (!isId(image, nameOrId)) {
    if (!force && image.tags.length === 1 && users[0]) {
      throw conflict(
        `conflict: unable to remove repository reference "${nameOrId}" (must force) - ` +
          `container ${shortId(users[0].id)} is using its referenced image ${short(image.id)}`,
      );
    }
    untag(deps, image, parseReference(nameOrId).canonical, done);
    if (image.tags.length > 1) return done;
    named = true;
  } else if (image.tags.length === 1) {
    const problem = obstacle(image, users, { force, names: false });
    if (problem) throw problem;
    untag(deps, image, image.tags[0]!, done);
  }

  const now = deps.images.get(image.id)!;
  const problem = obstacle(now, users, { force, names: true });
  if (problem) {
    // The name that was asked for is gone, the image stays for those who use it.
    if (named && users.length > 0) return done;
    throw problem;
  }
  for (const reference of now.tags) untag(deps, image, reference, done);
  deps.images.remove(image.id);
  publishImage(deps, 'delete', image);
  done.push({ Deleted: image.id });
  for (const layer of collectContent(deps)) done.push({ Deleted: layer.chainId });
  return done;
}

function untag(deps: RemoveImageDeps, image: ImageRecord, reference: string, done: ImageDeleteResponseItem[]): void {
  deps.images.untag(reference);
  publishImage(deps, 'untag', image);
  done.push({ Untagged: parseReference(reference).familiar });
}

/** What stands in the way of deleting an image. */
function obstacle(
  image: ImageRecord,
  users: readonly ContainerRecord[],
  { force, names }: { force: boolean; names: boolean },
): Error | undefined {
  const refuse = (how: string, why: string) =>
    conflict(`conflict: unable to delete ${short(image.id)} (${how}) - ${why}`);
  const running = users.find(isActive);
  if (running) {
    return refuse('cannot be forced', `image is being used by running container ${shortId(running.id)}`);
  }
  if (force) return undefined;
  if (names && image.tags.length > 0) {
    return refuse('must be forced', 'image is referenced in multiple repositories');
  }
  if (users[0]) return refuse('must be forced', `image is being used by stopped container ${shortId(users[0].id)}`);
  return undefined;
}
