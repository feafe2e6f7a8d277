import { notFound } from '@tinydocker/shared/errors.js';
import { tryParseReference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import type { ImageRecord } from '../../store/images.js';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Docker's words, which clients look for: the name with its tag. */
export const noSuchImage = (nameOrId: string) =>
  notFound(`No such image: ${DIGEST.test(nameOrId) ? nameOrId : (tryParseReference(nameOrId)?.familiar ?? nameOrId)}`);

/** The image of a name or an id. @throws EngineError not-found; invalid: neither a name nor an id */
export function requireImage(deps: Pick<Deps, 'images'>, nameOrId: string): ImageRecord {
  const image = deps.images.resolve(nameOrId);
  if (!image) throw noSuchImage(nameOrId);
  return image;
}
