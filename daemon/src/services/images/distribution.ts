import type { AuthConfig } from '@tinydocker/shared/api/auth.js';
import type { DistributionInspect } from '@tinydocker/shared/api/images.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import { parseDocument, readManifest } from '../../image/manifest.js';
import { OCI_MANIFEST } from '../../image/media-types.js';
import { withRepository } from '../../image/registry/connect.js';
import { fetchManifest, fetchSmallBlob } from '../../image/registry/download.js';
import type { OciImage } from '../../lib/oci-image.js';
import { accessDenied } from './pull-manifest.js';
import { type RegistryDeps, registryAccess } from './registry-access.js';

/**
 * What a name stands for in its registry, and for which platforms.
 * @throws EngineError not-found, invalid, system
 */
export async function inspectDistribution(
  deps: RegistryDeps,
  name: string,
  auth: AuthConfig | undefined,
): Promise<DistributionInspect> {
  const reference = parseReference(name);
  const access = registryAccess(deps, auth);
  try {
    return await withRepository(access, reference.domain, reference.path, async (repository) => {
      const fetched = await fetchManifest(repository, reference.digest ?? reference.tag!, reference.familiar);
      const what = `the manifest ${fetched.digest}`;
      const { json } = parseDocument(fetched.bytes, what);
      const manifest = readManifest(json, what, fetched.mediaType);
      const mediaType = fetched.mediaType ?? String(json.mediaType ?? OCI_MANIFEST);
      const Descriptor = { mediaType, digest: fetched.digest, size: fetched.bytes.length };
      if (manifest.kind === 'index') {
        return { Descriptor, Platforms: manifest.manifests.flatMap(({ platform }) => (platform ? [platform] : [])) };
      }
      const bytes = await fetchSmallBlob(repository, manifest.config);
      const config = parseDocument(bytes, manifest.config.digest).json as Partial<OciImage>;
      const { architecture = '', os = '', variant } = config;
      return { Descriptor, Platforms: [{ architecture, os, ...(variant && { variant }) }] };
    });
  } catch (error) {
    throw accessDenied(error, reference);
  }
}
