import { invalid } from '@tinydocker/shared/errors.js';
import { readArchiveFiles } from './archive-files.js';
import type { ArchivedImage } from './archived-image.js';
import { DOCKER_MANIFEST, readDockerArchive } from './docker-archive.js';
import type { Ingest } from './ingest.js';
import { OCI_INDEX, readOciLayout } from './oci-layout.js';

/**
 * Reads an archive of images: what `docker save` writes, an OCI image layout, or both in one. The layers' files stay in the
 * ingest and are not looked into yet.
 * @throws EngineError invalid: with a sentence for the one who sent it; system
 */
export async function readImageArchive(source: AsyncIterable<Buffer>, ingest: Ingest): Promise<ArchivedImage[]> {
  const files = await readArchiveFiles(source, ingest);
  let images: ArchivedImage[];
  if (files.has(DOCKER_MANIFEST)) images = await readDockerArchive(files);
  else if (files.has(OCI_INDEX)) images = await readOciLayout(files);
  else throw invalid(`the archive holds no image: it has neither ${DOCKER_MANIFEST} nor ${OCI_INDEX}`);
  if (images.length === 0) throw invalid('the archive holds no image');
  return images;
}
