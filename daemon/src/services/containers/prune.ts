import { matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import { untilTime } from '../until.js';
import { type RemoveDeps, removeContainer } from './remove.js';
import { containerSize } from './size.js';
import { isRunning } from './wait.js';

/** Removes all containers that do not run, and says how many bytes they had written. @throws EngineError invalid (filters) */
export async function pruneContainers(
  deps: RemoveDeps,
  filterText: string | undefined,
): Promise<{ ContainersDeleted: string[]; SpaceReclaimed: number }> {
  const filters = parseFilters(filterText, ['until', 'label', 'label!']);
  const limit = untilTime(filters);
  const deleted: string[] = [];
  let space = 0;
  for (const record of deps.containers.list()) {
    if (isRunning(record) || !matchesLabels(filters, record.config.Labels)) continue;
    if (limit !== undefined && Date.parse(record.createdAt) > limit) continue;
    try {
      const { SizeRw } = await containerSize(deps, record);
      await removeContainer(deps, record.id);
      deleted.push(record.id);
      space += SizeRw;
    } catch (error) {
      // Started or removed by someone else meanwhile.
      deps.log.debug({ container: record.id, err: error }, 'prune');
    }
  }
  deps.events.publish('container', 'prune', '', { reclaimed: String(space) });
  return { ContainersDeleted: deleted, SpaceReclaimed: space };
}
