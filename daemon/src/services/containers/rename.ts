import { invalid, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { checkName } from './names.js';
import { publishContainer } from './publish.js';

/** Gives a container another name. @throws EngineError not-found, invalid, conflict (the name is taken) */
export function renameContainer(deps: Pick<Deps, 'containers' | 'events'>, nameOrId: string, name: string): void {
  if (name === '') throw invalid('Neither old nor new names may be empty');
  const record = deps.containers.resolve(nameOrId);
  const slashed = name.startsWith('/') ? name : `/${name}`;
  if (slashed === `/${record.name}`) throw invalid('Renaming a container with the same name as its current name');
  let renamed = record;
  try {
    renamed = deps.containers.rename(record.id, checkName(deps.containers, slashed));
  } catch (error) {
    throw within('Error when allocating new name', error);
  }
  publishContainer(deps, renamed, 'rename', { oldName: `/${record.name}` });
}
