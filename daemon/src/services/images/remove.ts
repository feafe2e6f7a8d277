import type { ImageDeleteResponseItem } from '@tinydocker/shared/api/images.js';
import { conflict } from '@tinydocker/shared/errors.js';
import { parseReference, type Reference, referenceKey } from '@tinydocker/shared/reference.js';
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
    if (!force && isSingleName(image) && users[0]) {
      throw conflict(
        `conflict: unable to remove repository reference "${nameOrId}" (must force) - ` +
          `container ${shortId(users[0].id)} is using its referenced image ${short(image.id)}`,
      );
    }
    removeName(deps, image, parseReference(nameOrId), done);
    if (namesOf(deps.images.get(image.id)!).length > 0) return done;
    named = true;
  } else if (isSingleName(image)) {
    const problem = obstacle(image, users, { force, names: false });
    if (problem) throw problem;
    for (const name of namesOf(image)) untag(deps, image, name, done);
  }

  const now = deps.images.get(image.id)!;
  const problem = obstacle(now, users, { force, names: true });
  if (problem) {
    // The name that was asked for is gone, the image stays for those who use it.
    if (named && users.length > 0) return done;
    throw problem;
  }
  for (const reference of namesOf(now)) untag(deps, image, reference, done);
  deps.images.remove(image.id);
  publishImage(deps, 'delete', image);
  done.push({ Deleted: image.id });
  for (const layer of collectContent(deps)) done.push({ Deleted: layer.chainId });
  return done;
}

/** All names of an image, in order: with a tag and with a digest. */
const namesOf = (image: ImageRecord): string[] => [...image.tags, ...image.digests].sort();

/** Whether all names are one: at most one with a tag, and those with a digest of its repository. */
function isSingleName({ tags, digests }: ImageRecord): boolean {
  if (tags.length + digests.length <= 1) return tags.length + digests.length === 1;
  const repositories = new Set([...tags, ...digests].map((name) => parseReference(name).name));
  return tags.length <= 1 && repositories.size === 1;
}

/** Takes one name away; with the last tag of a repository the digests go under which it was known there. */
function removeName(
  deps: RemoveImageDeps,
  image: ImageRecord,
  reference: Reference,
  done: ImageDeleteResponseItem[],
): void {
  untag(deps, image, referenceKey(reference), done);
  if (reference.digest !== undefined) return;
  const inRepository = (name: string) => parseReference(name).name === reference.name;
  const { tags, digests } = deps.images.get(image.id)!;
  if (tags.some(inRepository)) return;
  for (const name of digests.filter(inRepository)) {
    // Of these nobody is told, as with Docker: they went along.
    deps.images.untag(name);
    done.push({ Untagged: parseReference(name).familiar });
  }
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
  if (names && namesOf(image).length > 0) {
    return refuse('must be forced', 'image is referenced in multiple repositories');
  }
  if (users[0]) return refuse('must be forced', `image is being used by stopped container ${shortId(users[0].id)}`);
  return undefined;
}
