import { invalid } from '@tinydocker/shared/errors.js';
import type { ImageRecord } from '../../store/images.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import { pullImages } from '../images/pull.js';
import { holdImage } from './layer.js';
import type { StageOutput } from './output.js';
import type { Session } from './session.js';

function checkPlatform(image: ImageRecord, name: string, platform: string): void {
  const { os, architecture, variant } = image.config;
  const [wantedOs, wantedArchitecture, wantedVariant] = platform.split('/');
  const other = (wanted: string | undefined, have: string | undefined) => wanted && have && wanted !== have;
  if (other(wantedOs, os) || other(wantedArchitecture, architecture) || other(wantedVariant, variant)) {
    throw invalid(
      `image with reference ${name} was found but its platform (${os}/${architecture}) does not match the specified ` +
        `platform (${platform})`,
    );
  }
}

/** An image that a build names: one that is here, or can be fetched. @throws EngineError not-found, invalid (platform) */
export async function baseImage(
  session: Session,
  name: string,
  platform: string | undefined,
  output: StageOutput,
): Promise<ImageRecord> {
  const { deps, options } = session;
  let image = deps.images.resolve(name);
  if (!image || options.pull) {
    const reference = parseReference(name);
    const tag = reference.digest ?? reference.tag ?? 'latest';
    const auth = options.auths.get(reference.domain);
    const request = { fromImage: reference.name, tag, auth, signal: session.signal };
    const wantedPlatform = platform || options.platform;
    await pullImages(deps, { ...request, ...(wantedPlatform && { platform: wantedPlatform }) }, (message) => {
      void output.write(message);
    });
    image = deps.images.resolve(name);
    if (!image) throw invalid(`no such image: ${name}`);
  }
  const wanted = platform || options.platform;
  if (wanted) checkPlatform(image, name, wanted);
  return holdImage(session, image);
}
