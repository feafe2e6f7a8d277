import { invalid } from '@tinydocker/shared/errors.js';
import type { ArchiveFiles } from './archive-files.js';
import { type ArchivedImage, archivedImage, tagFrom } from './archived-image.js';
import { readImageConfig } from './config.js';
import { type IngestedFile, readDocument } from './ingest.js';
import { keptManifests } from './oci-layout.js';

/** The list of images in what `docker save` writes. */
export const DOCKER_MANIFEST = 'manifest.json';

interface Item {
  Config: string;
  RepoTags?: string[] | null;
  Layers?: string[] | null;
}

const isStrings = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.every((v) => typeof v === 'string'));

function isItem(value: unknown): value is Item {
  if (typeof value !== 'object' || value === null) return false;
  const item = value as Record<string, unknown>;
  return typeof item.Config === 'string' && isStrings(item.RepoTags) && isStrings(item.Layers);
}

/** The file of a name; one that is named by a digest must have it. */
function find(files: ArchiveFiles, name: string): IngestedFile {
  const file = files.get(name);
  if (!file) throw invalid(`the archive has no ${JSON.stringify(name)}, which its manifest names`);
  const hex = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  if (hex !== undefined && file.digest !== `sha256:${hex}`) {
    throw invalid(`${JSON.stringify(name)} in the archive has the digest ${file.digest}`);
  }
  return file;
}

/**
 * The images of a docker-archive.
 * @throws EngineError invalid
 */
export async function readDockerArchive(files: ArchiveFiles): Promise<ArchivedImage[]> {
  const { json } = await readDocument(files.get(DOCKER_MANIFEST)!, DOCKER_MANIFEST);
  if (!Array.isArray(json) || !json.every(isItem)) throw invalid(`${DOCKER_MANIFEST} is not a list of images`);
  const manifests = await keptManifests(files);
  const images: ArchivedImage[] = [];
  for (const item of json) {
    const document = await readImageConfig(find(files, item.Config));
    const layers = (item.Layers ?? []).map((name) => find(files, name));
    images.push(archivedImage(document, layers, (item.RepoTags ?? []).map(tagFrom), manifests.get(document.id)));
  }
  return images;
}
