import { conflict } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { publishContainer } from '../containers/publish.js';
import { findExec } from './lookup.js';

/** Sets the size of the terminal of an exec that runs or is about to: clients do so as soon as their start is accepted. @throws EngineError not-found, conflict (it does not run) */
export async function resizeExec(
  deps: Pick<Deps, 'containers' | 'events' | 'shims'>,
  id: string,
  rows: number,
  cols: number,
): Promise<void> {
  const exec = findExec(deps, id);
  if (exec.started && !exec.running && exec.exitCode === null) {
    await new Promise<void>((resume) => {
      exec.waiting = [...(exec.waiting ?? []), resume];
    });
  }
  if (!exec.running) throw conflict(`exec process ${id} is not running`);
  if (exec.config.Tty) await deps.shims.get(exec.containerId)?.resize(exec.id, rows, cols);
  const record = deps.containers.get(exec.containerId);
  if (record) {
    const size = { height: String(rows), width: String(cols) };
    publishContainer(deps, record, 'exec_resize', { ...size, execID: id });
  }
}
