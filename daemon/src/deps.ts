import type { Logger } from 'pino';
import type { Config } from './config.js';
import type { LayerStore } from './image/layers.js';
import type { KeyedMutex } from './lib/mutex.js';
import type { Paths } from './paths.js';
import type { ShimRegistry } from './runtime/shims.js';
import type { EventBus } from './services/events.js';
import type { ContainerStore } from './store/containers.js';
import type { ImageStore } from './store/images.js';

/** Everything that use cases are given; each names the few that it needs with Pick. */
export interface Deps {
  readonly config: Config;
  readonly paths: Paths;
  readonly log: Logger;
  readonly containers: ContainerStore;
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly shims: ShimRegistry;
  readonly events: EventBus;
  readonly locks: KeyedMutex;
}
