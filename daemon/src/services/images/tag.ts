import { invalid } from '@tinydocker/shared/errors.js';
import { parseReference, type Reference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { timestamp } from '../../lib/clock.js';
import { publishImage } from './publish.js';
import { requireImage } from './resolve.js';

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** A name for an image: `tag` goes before what `repo` ends with. @throws EngineError invalid, with Docker's words */
export function readName(repo: string, tag: string): Reference {
  if (repo === '') throw invalid('repository name must have at least one component');
  const reference = parseReference(repo);
  if (reference.digest !== undefined) throw invalid('cannot import digest reference');
  if (reference.familiarName === 'sha256') {
    throw invalid('refusing to create an ambiguous tag using digest algorithm as name');
  }
  if (tag === '') return reference;
  if (!TAG.test(tag)) throw invalid('invalid tag format');
  return parseReference(`${reference.name}:${tag}`);
}

/**
 * Gives an image a further name; the name is taken from the image that had it.
 * @throws EngineError not-found, invalid
 */
export function tagImage(
  deps: Pick<Deps, 'events' | 'images'>,
  nameOrId: string,
  options: { repo?: string; tag?: string },
): void {
  const reference = readName(options.repo ?? '', options.tag ?? '');
  const image = requireImage(deps, nameOrId);
  deps.images.tag(reference.canonical, image.id, timestamp());
  publishImage(deps, 'tag', image, reference.familiar);
}
