import type { ExecConfig } from '@tinydocker/shared/api/exec.js';
import { conflict, invalid } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { newId } from '../../lib/ids.js';
import type { Exec } from '../../runtime/execs.js';
import { parseDetachKeys } from '../containers/detach-keys.js';
import { isStill } from '../containers/pause.js';
import { publishContainer } from '../containers/publish.js';
import { refuseNul } from '../containers/validate.js';
import { isRunning, restarting } from '../containers/wait.js';

/** How events name the command. */
export function commandText(config: ExecConfig): string {
  const [entrypoint = '', ...args] = config.Cmd ?? [];
  return `${entrypoint} ${args.join(' ')}`;
}

/**
 * Records a further process for a running container; nothing runs yet.
 * @throws EngineError not-found, conflict (it does not run), invalid
 */
export function createExec(
  deps: Pick<Deps, 'containers' | 'events' | 'shims'>,
  nameOrId: string,
  config: ExecConfig,
): { Id: string } {
  refuseNul(config);
  if (!config.Cmd?.length) throw invalid('No exec command specified');
  const record = deps.containers.resolve(nameOrId);
  if (!isRunning(record)) throw conflict(`container ${record.id} is not running`);
  if (isStill(record)) throw conflict(`Container ${nameOrId} is paused, unpause the container before exec`);
  if (record.state.status === 'restarting') throw restarting(record.id);
  if (!parseDetachKeys(config.DetachKeys)) throw invalid(`Invalid escape keys (${config.DetachKeys}) provided`);
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('=')) throw invalid(`invalid environment variable: ${entry}`);
  }
  if (config.WorkingDir && !config.WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  const exec: Exec = {
    id: newId(),
    containerId: record.id,
    config: { ...config, User: config.User || record.config.User || '' },
    started: false,
    running: false,
    pid: 0,
    exitCode: null,
    idleSince: performance.now(),
  };
  deps.shims.execs.add(exec);
  publishContainer(deps, record, `exec_create: ${commandText(config)}`, { execID: exec.id });
  return { Id: exec.id };
}
