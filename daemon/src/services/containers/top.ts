import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { ContainerTopResponse } from '@tinydocker/shared/api/containers.js';
import { conflict } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { cgroupTreeProcs } from '../../kernel/cgroup.js';
import { commandLine, readProcess } from '../../kernel/proc.js';
import { groupName, userName } from '../../runtime/host-names.js';
import { type PsContext, type PsProcess, psColumns, psTable } from '../../runtime/ps-columns.js';
import { hostPs, noPid } from '../../runtime/ps-host.js';
import { cgroupOf } from './bundle.js';
import { publishContainer } from './publish.js';
import { isRunning, restarting } from './wait.js';

/** Clock ticks of the kernel's ABI are the same on every machine. */
const HERTZ = 100;
/** How many command lines are read at a time. */
const AT_ONCE = 2;

function context(): PsContext {
  const bootTime = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0);
  const memory = totalmem() / 1024;
  return { now: Date.now() / 1000, bootTime, hertz: HERTZ, memory, userName, groupName };
}

async function processesOf(pids: readonly number[]): Promise<PsProcess[]> {
  const found: PsProcess[] = [];
  for (let at = 0; at < pids.length; at += AT_ONCE) {
    const some = await Promise.all(
      pids.slice(at, at + AT_ONCE).map(async (pid) => {
        const facts = readProcess(pid);
        return facts && { ...facts, args: await commandLine(pid) };
      }),
    );
    found.push(...some.filter((one) => one !== undefined));
  }
  return found;
}

/**
 * The processes of a container as the host sees them: of its cgroup, read from outside. For arguments that we do not know
 * ourselves, the host's ps is asked.
 * @throws EngineError not-found, conflict (it does not run), system (arguments that ps refuses)
 */
export async function topContainer(
  deps: Pick<Deps, 'config' | 'containers' | 'events'>,
  nameOrId: string,
  psArgs = '',
): Promise<ContainerTopResponse> {
  const record = deps.containers.resolve(nameOrId);
  if (!isRunning(record)) throw conflict(`container ${record.id} is not running`);
  if (record.state.status === 'restarting') throw restarting(record.id);
  const words = psArgs.split(/[\t\n\v\f\r ]+/).filter(Boolean);
  const pids = cgroupTreeProcs(cgroupOf(deps, record));
  const columns = psColumns(words);
  if (columns && !columns.some(({ title }) => title === 'PID')) throw noPid();
  const table = columns ? psTable(columns, await processesOf(pids), context()) : await hostPs(psArgs, words, pids);
  publishContainer(deps, record, 'top');
  return table;
}
