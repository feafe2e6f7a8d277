import type { AuthConfig } from '@tinydocker/shared/api/auth.js';
import { EngineError } from '@tinydocker/shared/errors.js';
import { parseReference, type Reference, referenceKey } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { type Platform, parsePlatform } from '../../image/platform.js';
import { withRepository } from '../../image/registry/connect.js';
import type { Repository } from '../../image/registry/repository.js';
import { listTags } from '../../image/registry/tags.js';
import { timestamp } from '../../lib/clock.js';
import { collectContent } from './collect.js';
import { insertImage } from './insert.js';
import { publishImageName } from './publish.js';
import { type PullLayersDeps, withLayers } from './pull-layers.js';
import { accessDenied, fetchImage, platformWarning, type RemoteImage } from './pull-manifest.js';
import { registryAccess } from './registry-access.js';
import { loadShippedImage } from './shipped.js';
import type { ReportTransfer } from './transfer-progress.js';

export type PullDeps = PullLayersDeps & Pick<Deps, 'events' | 'registries'>;

export interface PullRequest {
  fromImage: string;
  /** A tag or a digest; none: what fromImage says, or all tags. */
  tag?: string;
  platform?: string;
  auth?: AuthConfig | undefined;
  signal: AbortSignal;
}

/** What is meant: one image, or all that a repository has. @throws EngineError invalid */
function wanted({ fromImage, tag }: PullRequest): { reference: Reference; all: boolean } {
  const reference = parseReference(fromImage);
  if (tag) return { reference: parseReference(`${reference.name}${tag.includes(':') ? '@' : ':'}${tag}`), all: false };
  const said =
    reference.digest !== undefined || reference.familiar === fromImage || fromImage.endsWith(`:${reference.tag}`);
  return { reference, all: !said };
}

/**
 * Pulls an image, or all images of a repository. Nobody sees any of it before it is whole and verified.
 * @throws EngineError not-found, invalid, unauthorized, forbidden, system
 */
export async function pullImages(deps: PullDeps, request: PullRequest, report: ReportTransfer): Promise<void> {
  const platform = request.platform ? parsePlatform(request.platform) : undefined;
  const { reference, all } = wanted(request);
  const { domain, path } = reference;
  if (!all && (await loadShippedImage(deps, reference, report))) return;
  const access = registryAccess(deps, request.auth);
  try {
    const { updated, warning } = await withRepository(access, domain, path, async (repository): Promise<Pulled> => {
      if (!all) return pullOne(deps, repository, reference, platform, report, request.signal);
      let any = false;
      for (const tag of await listTags(repository, reference.familiarName, request.signal)) {
        const one = parseReference(`${reference.name}:${tag}`);
        const pulled = await pullOne(deps, repository, one, platform, report, request.signal);
        any ||= pulled.updated;
      }
      return { updated: any, warning: undefined };
    });
    const shown = all ? reference.familiarName : reference.familiar;
    report({ status: `Status: ${updated ? 'Downloaded newer image' : 'Image is up to date'} for ${shown}` });
    if (warning !== undefined) report({ status: warning });
  } catch (error) {
    throw accessDenied(error, reference);
  }
}

interface Pulled {
  /** The name stands for another image now. */
  updated: boolean;
  warning: string | undefined;
}

async function pullOne(
  deps: PullDeps,
  repository: Repository,
  reference: Reference,
  platform: Platform | undefined,
  report: ReportTransfer,
  signal: AbortSignal,
): Promise<Pulled> {
  const remote = await fetchImage(repository, reference, platform, signal);
  const warning = platformWarning(reference, remote.document, platform);
  report({
    status: `Pulling from ${reference.path}`,
    id: reference.digest ? reference.canonical : (reference.tag ?? ''),
  });
  try {
    if (deps.images.get(remote.document.id) === undefined) {
      return await withLayers(deps, repository, remote.layers, report, signal, (archived, unpacked) => {
        insertImage(deps, remote.document, archived, unpacked);
        return { updated: nameImage(deps, reference, remote, report), warning };
      });
    }
    return { updated: nameImage(deps, reference, remote, report), warning };
  } finally {
    collectContent(deps); // layers whose last image went away while they were held
  }
}

/** Gives the image that is there now its names. Nothing waits in here. */
function nameImage(deps: PullDeps, reference: Reference, remote: RemoteImage, report: ReportTransfer): boolean {
  const { images } = deps;
  const { id } = remote.document;
  if (images.get(id) === undefined) throw new EngineError('system', `image ${id} was removed while it was pulled`);
  const key = referenceKey(reference);
  const before = images.byTag(key)?.id;
  const byDigest = `${reference.name}@${remote.digest}`;
  for (const manifest of remote.manifests) images.addManifest(id, manifest);
  for (const name of new Set([key, byDigest])) {
    if (images.byTag(name)?.id !== id) images.tag(name, id, timestamp());
  }
  report({ status: `Digest: ${remote.digest}` });
  publishImageName(deps, 'pull', images.get(id)!, reference.familiar, reference.familiarName);
  return before !== id;
}
