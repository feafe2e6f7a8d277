import { ImageConfig } from '@tinydocker/shared/api/images.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { OciImage } from '../lib/oci-image.js';
import { checkSchema } from '../lib/schema.js';
import { isDigest } from './digest.js';
import { type IngestedFile, readDocument } from './ingest.js';

/** An image's configuration with the text that its id is the digest of. */
export interface ImageDocument {
  readonly id: string;
  readonly text: string;
  readonly config: OciImage;
  readonly diffIds: readonly string[];
}

const isText = (value: unknown): boolean => value === undefined || value === null || typeof value === 'string';

/** overlayfs takes 500 lower directories (OVL_MAX_STACK). */
const LAYERS_LIMIT = 500;

/** The same of a file that was received. @throws EngineError invalid */
export async function readImageConfig(file: IngestedFile): Promise<ImageDocument> {
  const { text, json } = await readDocument(file, `the image configuration ${file.digest}`);
  return checkImageConfig(file.digest, text, json);
}

/**
 * Checks an image's configuration: what is used of it later has the form that it should have.
 * @param digest of the text
 * @throws EngineError invalid
 */
export function checkImageConfig(digest: string, text: string, json: object): ImageDocument {
  const what = `the image configuration ${digest}`;
  const config = json as Partial<OciImage>;
  const bad = (why: string) => invalid(`${what} ${why}`);
  if (config.os !== undefined && config.os !== '' && config.os !== 'linux') {
    throw bad(`is for ${JSON.stringify(config.os)}, not for linux`);
  }
  const texts = [config.architecture, config.variant, config.created, config.author, config.comment];
  if (!texts.every(isText)) throw bad('has a member of a wrong type');
  const wrong = config.config && checkSchema(ImageConfig, config.config);
  if (wrong) throw bad(`has a wrong "config": ${wrong}`);
  if (config.created && Number.isNaN(Date.parse(config.created))) throw bad('has a time that is none');
  if (config.rootfs?.type !== 'layers') throw bad('has no root file system of layers');
  const diffIds: unknown = config.rootfs.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest)) throw bad('has a malformed layer digest');
  if (diffIds.length > LAYERS_LIMIT) throw bad(`has more than ${LAYERS_LIMIT} layers`);
  const history: unknown = config.history ?? [];
  if (!Array.isArray(history) || !history.every(isHistory)) throw bad('has a malformed history');
  return { id: digest, text, config: config as OciImage, diffIds };
}

function isHistory(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const { created, created_by, author, comment } = entry as Record<string, unknown>;
  return [created, created_by, author, comment].every(isText);
}
