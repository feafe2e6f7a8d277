import type { ExecInspectResponse } from '@tinydocker/shared/api/exec.js';
import type { Deps } from '../../deps.js';
import { parseDetachKeys } from '../containers/detach-keys.js';
import { findExec } from './lookup.js';

/** What is known of an exec; of one whose client has seen its end, the status. @throws EngineError not-found */
export async function inspectExec(deps: Pick<Deps, 'shims'>, id: string): Promise<ExecInspectResponse> {
  const exec = findExec(deps, id);
  if (exec.started && exec.exitCode === null) await deps.shims.caughtUp();
  const { config } = exec;
  const [entrypoint = '', ...args] = config.Cmd ?? [];
  return {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode,
    ProcessConfig: {
      tty: config.Tty ?? false,
      entrypoint,
      arguments: args,
      privileged: config.Privileged ?? false,
      ...(config.User && { user: config.User }),
    },
    OpenStdin: config.AttachStdin ?? false,
    OpenStderr: config.AttachStderr ?? false,
    OpenStdout: config.AttachStdout ?? false,
    CanRemove: false,
    ContainerID: exec.containerId,
    DetachKeys: config.DetachKeys ? Buffer.from(parseDetachKeys(config.DetachKeys) ?? []).toString('base64') : '',
    Pid: exec.pid,
  };
}
