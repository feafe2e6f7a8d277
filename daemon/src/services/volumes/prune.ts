import type { VolumePruneResponse } from '@tinydocker/shared/api/volumes.js';
import { invalid } from '@tinydocker/shared/errors.js';
import { matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import type { Deps } from '../../deps.js';
import { treeSize } from '../../kernel/tree-size.js';
import { dataOf } from '../../volume/directory.js';
import { ANONYMOUS_LABEL } from './create.js';
import { type RemoveVolumeDeps, removeUnusedVolume } from './remove.js';
import { countVolumeUsers } from './users.js';

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

function wantsAll(values: readonly string[] | undefined): boolean | undefined {
  if (values === undefined) return undefined;
  if (values.length > 1) throw invalid("invalid filter 'all': only one value is allowed");
  const [value = ''] = values;
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw invalid(`invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/**
 * Removes volumes that no container uses: those that nobody has named, or all. One with options stays: what it stands for is
 * not ours.
 * @param allByDefault what clients before 1.42 mean
 * @throws EngineError invalid (filters)
 */
export async function pruneVolumes(
  deps: RemoveVolumeDeps & Pick<Deps, 'log'>,
  filterText: string | undefined,
  allByDefault = false,
): Promise<VolumePruneResponse> {
  const filters = parseFilters(filterText, ['all', 'label', 'label!']);
  const all = wantsAll(filters.get('all')) ?? allByDefault;
  const users = countVolumeUsers(deps);
  const deleted: string[] = [];
  let space = 0;
  for (const { name, labels, options } of deps.volumes.list()) {
    if (users.has(name) || options || !matchesLabels(filters, labels)) continue;
    if (!all && !(labels && ANONYMOUS_LABEL in labels)) continue;
    try {
      const size = await treeSize(dataOf(deps.paths.volume(name)));
      if (!(await removeUnusedVolume(deps, name))) continue;
      deleted.push(name);
      space += size;
    } catch (error) {
      deps.log.warn({ volume: name, err: error }, 'prune');
    }
  }
  deps.events.publish('volume', 'prune', '', { reclaimed: String(space) });
  return { VolumesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: space };
}
