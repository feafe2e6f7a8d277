import type { Deps } from '../../deps.js';
import type { ContainerRecord } from '../../store/containers.js';

/** Publishes an event of a container with Docker's attributes: its labels, image, name, and what the action adds. */
export function publishContainer(
  deps: Pick<Deps, 'events'>,
  record: ContainerRecord,
  action: string,
  more: Record<string, string> = {},
): void {
  const attributes = { ...record.config.Labels, image: record.image, name: record.name, ...more };
  deps.events.publish('container', action, record.id, attributes);
}
