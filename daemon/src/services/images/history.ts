import type { ImageHistoryResponseItem } from '@tinydocker/shared/api/images.js';
import { EngineError } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { familiarTags } from './inspect.js';
import { requireImageFor } from './resolve.js';

const seconds = (time: string | undefined): number => (time ? Math.floor(Date.parse(time) / 1000) || 0 : 0);

/** How an image came to be, the newest step first. @throws EngineError not-found, invalid */
export function imageHistory(
  deps: Pick<Deps, 'images'>,
  nameOrId: string,
  platform?: string,
): ImageHistoryResponseItem[] {
  const image = requireImageFor(deps, nameOrId, platform);
  let position = 0;
  const steps = (image.config.history ?? []).map((step) => {
    const layer = step.empty_layer ? undefined : image.layers[position++];
    if (position > image.layers.length) {
      throw new EngineError('system', `image ${image.id} has more steps with a layer than layers`);
    }
    return {
      Comment: step.comment ?? '',
      Created: seconds(step.created),
      CreatedBy: step.created_by ?? '',
      Id: '<missing>',
      Size: layer === undefined ? 0 : (deps.images.content.layer(layer)?.size ?? 0),
      Tags: null as string[] | null,
    };
  });
  const top = steps.at(-1);
  if (top) Object.assign(top, { Id: image.id, Tags: image.tags.length > 0 ? familiarTags(image) : null });
  return steps.reverse();
}
