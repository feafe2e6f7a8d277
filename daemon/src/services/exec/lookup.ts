import { notFound } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { Exec } from '../../runtime/execs.js';

/** @throws EngineError not-found */
export function findExec(deps: Pick<Deps, 'shims'>, id: string): Exec {
  const exec = deps.shims.execs.get(id);
  if (!exec) throw notFound(`No such exec instance: ${id}`);
  return exec;
}
