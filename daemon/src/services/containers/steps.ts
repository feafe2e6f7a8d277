import { readFile, writeFile } from 'node:fs/promises';
import type { ContainerSteps } from '@tinydocker/shared/api/containers.js';
import type { Deps } from '../../deps.js';
import type { Step } from '../../lib/steps.js';

type StepDeps = Pick<Deps, 'containers' | 'paths' | 'shims'>;

const fileOf = (deps: StepDeps, id: string): string => `${deps.paths.container(id)}/steps.json`;

/** ms after which the steps are written: a container that is gone by then needs no file. */
const WRITE_AFTER = 250;

/** Keeps the steps of a start, and writes them down when the answer to it is long out. */
export function keepSteps(deps: StepDeps, id: string, steps: Step[]): void {
  deps.shims.setSteps(id, steps);
  const write = () => {
    if (!deps.containers.get(id) || deps.shims.steps(id) !== steps) return;
    writeFile(fileOf(deps, id), JSON.stringify(steps), { mode: 0o600 }).catch(() => {}); // removed meanwhile
  };
  setTimeout(write, WRITE_AFTER).unref();
}

/** Every kernel operation of the last start, by daemon and shim, in the order in which they began. */
export async function containerSteps(deps: StepDeps, nameOrId: string): Promise<ContainerSteps> {
  const { id } = deps.containers.resolve(nameOrId);
  const kept = deps.shims.steps(id) ?? (await readFile(fileOf(deps, id), 'utf8').then(JSON.parse, () => []));
  const steps = [...(kept as Step[])].sort((a, b) => a.start - b.start);
  const first = steps[0]?.start ?? 0;
  return {
    Id: id,
    Steps: steps.map((step) => ({
      Actor: step.actor,
      Name: step.name,
      Args: step.args,
      Start: step.start - first,
      Duration: step.duration,
      Errno: step.errno,
    })),
  };
}
