import type { ContainerUpdateRequest, ContainerUpdateResponse, HostConfig } from '@tinydocker/shared/api/containers.js';
import { EngineError, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { Undo } from '../../lib/undo.js';
import { changeLimits, LimitRefused, memoryUse } from '../../runtime/limit-writer.js';
import { kernelLimits } from '../../runtime/limits.js';
import { specResources } from '../../runtime/spec-resources.js';
import type { ContainerRecord } from '../../store/containers.js';
import { changePorts, type PortDeps } from '../networks/ports.js';
import { adaptResources } from './adapt-resources.js';
import { cgroupOf } from './bundle.js';
import { errnoText } from './failure.js';
import { mergeUpdate, refuseFixed } from './merge-update.js';
import { publishContainer } from './publish.js';
import { checkRestartPolicy } from './restart-policy.js';
import { refuseNul } from './validate.js';
import { validateUpdate } from './validate-resources.js';
import { hasProcess } from './wait.js';

type UpdateDeps = PortDeps & Pick<Deps, 'events' | 'locks'>;

/** Weights and the rest of the limits, without devices, which stay as they are. */
const limitsOf = (h: HostConfig) =>
  specResources(h, { blockIo: h.BlkioWeight ? { weight: h.BlkioWeight } : undefined });

/** Why the kernel refused a limit, for people. */
function reasonOf(error: LimitRefused, cgroup: string): string {
  const memory = error.file === 'memory.limit_in_bytes' || error.file === 'memory.max';
  if (memory && error.code === 'EBUSY') {
    const { usage, peak } = memoryUse(cgroup);
    return `unable to set memory limit to ${error.text} (current usage: ${usage}, peak usage: ${peak})`;
  }
  return `set ${error.file} of the cgroup to "${error.text}": ${errnoText(error.code)}`;
}

async function apply(deps: UpdateDeps, record: ContainerRecord, after: HostConfig): Promise<void> {
  const cgroup = cgroupOf(deps, record);
  try {
    await changeLimits(cgroup, limitsOf(record.hostConfig), limitsOf(after));
  } catch (error) {
    if (!(error instanceof LimitRefused)) throw error;
    // It has ended meanwhile: its next start has the limits.
    if (error.code === 'ENOENT' && !hasProcess(deps.containers.get(record.id) ?? record)) return;
    throw new EngineError('system', reasonOf(error, cgroup), { cause: error });
  }
}

async function updateLocked(deps: UpdateDeps, id: string, given: ContainerUpdateRequest): Promise<void> {
  const record = deps.containers.resolve(id);
  const after = mergeUpdate(record.hostConfig, given);
  const undo = new Undo();
  try {
    if (hasProcess(record)) {
      await apply(deps, record, after);
      undo.push('give back limits', async () => {
        const now = deps.containers.get(id);
        if (now && hasProcess(now))
          await changeLimits(cgroupOf(deps, now), limitsOf(after), limitsOf(record.hostConfig));
      });
      if (given.PortBindings) {
        await changePorts(deps, record, after);
        undo.push('give back ports', async () => {
          const now = deps.containers.get(id);
          if (now && hasProcess(now)) await changePorts(deps, now, record.hostConfig);
        });
      }
    }
    publishContainer(deps, deps.containers.setHostConfig(id, after), 'update');
  } catch (error) {
    for (const problem of await undo.unwind()) deps.log.error({ container: id, err: problem }, 'undo update');
    throw error;
  }
}

/**
 * Changes what a container may use and when it is restarted; of one that runs at once, else from its next start on.
 * @throws EngineError not-found, invalid, not-implemented (what cannot be changed), conflict, system (the kernel refuses)
 */
export async function updateContainer(
  deps: UpdateDeps,
  nameOrId: string,
  request: ContainerUpdateRequest,
): Promise<ContainerUpdateResponse> {
  refuseNul(request);
  const { id } = deps.containers.resolve(nameOrId);
  const { hostConfig: given, warnings } = adaptResources(request, kernelLimits(deps.config.cgroupParent));
  validateUpdate(given);
  checkRestartPolicy(given.RestartPolicy);
  refuseFixed(given);
  try {
    await deps.locks.run(id, () => updateLocked(deps, id, given));
  } catch (error) {
    throw within(`Cannot update container ${id}`, error);
  }
  return { Warnings: warnings.length > 0 ? warnings : null };
}
