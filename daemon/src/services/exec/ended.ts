import type { Deps } from '../../deps.js';
import type { ExecExit } from '../../runtime/shim.js';
import { publishContainer } from '../containers/publish.js';

/** A further process has ended. */
export function execEnded(deps: Pick<Deps, 'containers' | 'events' | 'shims'>, id: string, report: ExecExit): void {
  const exec = deps.shims.execs.get(report.exec);
  if (exec) {
    exec.running = false;
    exec.exitCode = report.status;
    exec.idleSince = performance.now();
    exec.onEnd?.();
  }
  const record = deps.containers.get(id);
  if (record) publishContainer(deps, record, 'exec_die', { execID: report.exec, exitCode: String(report.status) });
}
