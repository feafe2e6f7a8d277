import { notFound } from '@tinydocker/shared/errors.js';
import { tryParseReference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { matchesPlatform, parsePlatformJson, showPlatform } from '../../image/platform.js';
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

/**
 * The same where the client may name, as JSON, the platform that it has to be for; an image that names no variant is for any.
 * @throws EngineError not-found; invalid: neither a name nor an id, no platform
 */
export function requireImageFor(deps: Pick<Deps, 'images'>, nameOrId: string, json: string | undefined): ImageRecord {
  const platform = json ? parsePlatformJson(json) : undefined;
  const image = requireImage(deps, nameOrId);
  if (!platform) return image;
  const { os, architecture, variant } = image.config;
  const own = { os: os || 'linux', architecture, ...(variant && { variant }) };
  const { variant: _, ...anyVariant } = platform;
  if (matchesPlatform(variant ? platform : anyVariant, own)) return image;
  throw notFound(
    `image with reference ${nameOrId} was found but its platform (${showPlatform(own)}) ` +
      `does not match the specified platform (${showPlatform(platform)})`,
  );
}
