import type { Deps } from '../../deps.js';
import { treeSize } from '../../kernel/tree-size.js';
import type { ContainerRecord } from '../../store/containers.js';

export interface ContainerSize {
  /** Bytes that it has written. */
  SizeRw: number;
  /** Bytes of its root: those and its image's. */
  SizeRootFs: number;
}

/** How much room a container takes. */
export async function containerSize(
  deps: Pick<Deps, 'images' | 'paths'>,
  record: ContainerRecord,
): Promise<ContainerSize> {
  const SizeRw = await treeSize(`${deps.paths.container(record.id)}/upper`);
  const layers = record.layers.reduce((sum, id) => sum + (deps.images.content.layer(id)?.size ?? 0), 0);
  return { SizeRw, SizeRootFs: SizeRw + layers };
}
