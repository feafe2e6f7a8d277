import { invalid } from '@tinydocker/shared/errors.js';
import { readArchiveFiles } from './archive-files.js';
import type { ArchivedImage } from './archived-image.js';
import { DOCKER_MANIFEST, readDockerArchive } from './docker-archive.js';
import type { EagerUnpacker } from './eager-unpack.js';
import type { Ingest } from './ingest.js';
import { OCI_INDEX, readOciLayout } from './oci-layout.js';

const COMPRESSED = ['1f8b', '28b52ffd', 'fd377a585a00', '425a68'];
/** Where POSIX and GNU headers have their magic. */
const USTAR_AT = 257;

/** Whether bytes begin as a tar archive or as something compressed; a document never does. */
function looksLikeLayer(head: Buffer): boolean {
  const hex = head.toString('hex', 0, 6);
  return (
    head.toString('latin1', USTAR_AT, USTAR_AT + 5) === 'ustar' || COMPRESSED.some((magic) => hex.startsWith(magic))
  );
}

/**
 * Reads an archive of images: what `docker save` writes, an OCI image layout, or both in one. What looks like a layer is unpacked while
 * the rest arrives; what is a layer shows at the end.
 * @param isKnown whether there is a layer or a blob of this digest already
 * @throws EngineError invalid: with a sentence for the one who sent it; system
 */
export async function readImageArchive(
  source: AsyncIterable<Buffer>,
  ingest: Ingest,
  eager: EagerUnpacker,
  isKnown: (digest: string) => boolean,
): Promise<ArchivedImage[]> {
  const files = await readArchiveFiles(source, ingest, eager, (name, head) => {
    const hex = /(?:^|\/)([0-9a-f]{64})(?:\.tar|\/layer\.tar)?$/.exec(name)?.[1];
    return looksLikeLayer(head) && !(hex !== undefined && isKnown(`sha256:${hex}`));
  });
  let images: ArchivedImage[];
  if (files.has(DOCKER_MANIFEST)) images = await readDockerArchive(files);
  else if (files.has(OCI_INDEX)) images = await readOciLayout(files);
  else throw invalid(`the archive holds no image: it has neither ${DOCKER_MANIFEST} nor ${OCI_INDEX}`);
  if (images.length === 0) throw invalid('the archive holds no image');
  return images;
}
