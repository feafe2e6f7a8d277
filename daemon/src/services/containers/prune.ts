import { invalid } from '@tinydocker/shared/errors.js';
import { matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import { parseDuration, parseTime } from '@tinydocker/shared/units.js';
import { type RemoveDeps, removeContainer } from './remove.js';
import { containerSize } from './size.js';
import { isRunning } from './wait.js';

/** `24h` ago, or a point in time, in ms since 1970. */
function untilTime(text: string): number {
  if (/^[\d.]+[a-zµμ]/i.test(text)) return Date.now() - parseDuration(text) / 1e6;
  const { seconds, nanos } = parseTime(text);
  return seconds * 1000 + nanos / 1e6;
}

/** Removes all containers that do not run, and says how many bytes they had written. @throws EngineError invalid (filters) */
export async function pruneContainers(
  deps: RemoveDeps,
  filterText: string | undefined,
): Promise<{ ContainersDeleted: string[]; SpaceReclaimed: number }> {
  const filters = parseFilters(filterText, ['until', 'label', 'label!']);
  const until = filters.get('until') ?? [];
  if (until.length > 1) throw invalid("more than one 'until' filter specified");
  const limit = until[0] === undefined ? undefined : untilTime(until[0]);
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
  return { ContainersDeleted: deleted, SpaceReclaimed: space };
}
