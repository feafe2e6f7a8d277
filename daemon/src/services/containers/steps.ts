import { readFile, writeFile } from 'node:fs/promises';
import type { ContainerSteps } from '@tinydocker/shared/api/containers.js';
import type { Deps } from '../../deps.js';
import type { Step } from '../../lib/steps.js';
import type { StartSteps } from '../../runtime/shims.js';

type StepDeps = Pick<Deps, 'containers' | 'paths' | 'shims'>;

const fileOf = (deps: StepDeps, id: string): string => `${deps.paths.container(id)}/steps.json`;

/** ms after which the steps are written: a container that is gone by then needs no file. */
const WRITE_AFTER = 250;

/** Both lists as one, as JSON. The shim's is text already. */
async function textOf({ own, shims }: StartSteps): Promise<string> {
  const list = (await shims)?.toString('utf8').replace(/^{"event":"steps","steps":\[(.*)\]}$/s, '$1');
  return `[${[...own.map((step) => JSON.stringify(step)), ...(list ? [list] : [])].join(',')}]`;
}

/** Keeps the steps of a start, the daemon's own and those of the shim, and writes them down when the answer to it is long out. */
export function keepSteps(
  deps: StepDeps,
  id: string,
  own: readonly Step[],
  shims: Promise<Buffer | undefined> = Promise.resolve(undefined),
): void {
  const steps = { own, shims };
  deps.shims.setSteps(id, steps);
  const write = async () => {
    if (!deps.containers.get(id) || deps.shims.steps(id) !== steps) return;
    const written = writeFile(fileOf(deps, id), await textOf(steps), { mode: 0o600 });
    await written.then(
      () => deps.shims.dropSteps(id, steps),
      () => {}, // it is removed meanwhile, or the disk is full: then they stay where they are
    );
  };
  setTimeout(write, WRITE_AFTER).unref();
}

/** Every kernel operation of the last start, by daemon and shim, in the order in which they began. */
export async function containerSteps(deps: StepDeps, nameOrId: string): Promise<ContainerSteps> {
  const { id } = deps.containers.resolve(nameOrId);
  const kept = deps.shims.steps(id);
  const text = kept ? await textOf(kept) : await readFile(fileOf(deps, id), 'utf8').catch(() => '[]');
  const steps = (JSON.parse(text) as Step[]).sort((a, b) => a.start - b.start);
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
