import { conflict } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { publishContainer } from './publish.js';
import { isRunning } from './wait.js';

/**
 * Sets the size of a container's terminal; without a terminal there is nothing to do.
 * @throws EngineError not-found, conflict (it does not run)
 */
export async function resizeContainer(
  deps: Pick<Deps, 'containers' | 'events' | 'shims'>,
  nameOrId: string,
  rows: number,
  cols: number,
): Promise<void> {
  const record = deps.containers.resolve(nameOrId);
  if (!isRunning(record)) throw conflict(`container ${record.id} is not running`);
  if (record.config.Tty) await deps.shims.get(record.id)?.resize('', rows, cols);
  publishContainer(deps, record, 'resize', { height: String(rows), width: String(cols) });
}
