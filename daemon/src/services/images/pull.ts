import { notImplemented } from '@tinydocker/shared/errors.js';
import { parseReference } from '@tinydocker/shared/reference.js';

/** Registries are not spoken to yet; this says what to do instead. @throws EngineError always */
export function pullImage(options: { fromImage?: string; tag?: string }): never {
  if (!options.fromImage) throw notImplemented('images cannot be imported yet: load them from an archive');
  const { name, familiar } = parseReference(options.fromImage);
  const wanted = options.tag
    ? parseReference(`${name}${options.tag.includes(':') ? '@' : ':'}${options.tag}`)
    : { familiar };
  throw notImplemented(
    `cannot pull ${wanted.familiar}: registries are not supported yet, load the image from an archive instead`,
  );
}
