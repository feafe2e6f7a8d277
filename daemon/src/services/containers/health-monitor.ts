import type { Health, HealthcheckResult } from '@tinydocker/shared/api/containers.js';
import { formatDuration } from '@tinydocker/shared/units.js';
import type { Deps } from '../../deps.js';
import { timestamp } from '../../lib/clock.js';
import type { ContainerRecord } from '../../store/containers.js';
import { type CaptureDeps, captureExec } from '../exec/capture.js';
import { type HealthPlan, healthPlan, nextCheckIn, nextHealth, startingHealth } from './health-status.js';
import { publishContainer } from './publish.js';
import { hasProcess } from './wait.js';

export type HealthDeps = CaptureDeps & Pick<Deps, 'containers' | 'events' | 'log'>;

/** Bytes of a check's output that are kept. */
const OUTPUT_LIMIT = 4096;

/** ms since a container was started. */
const age = ({ state }: ContainerRecord): number => Date.now() - Date.parse(state.startedAt);

/** Runs the check once. A check that cannot be run at all has failed, as Docker has it, with -1. */
async function check(deps: HealthDeps, id: string, plan: HealthPlan, stop: AbortSignal): Promise<HealthcheckResult> {
  const Start = timestamp();
  try {
    const options = { limit: OUTPUT_LIMIT, timeout: plan.timeout, stop };
    const { exitCode, output, timedOut } = await captureExec(deps, id, plan.command, options);
    if (!timedOut) return { Start, End: timestamp(), ExitCode: exitCode, Output: output };
    const late = `Health check exceeded timeout (${formatDuration(plan.timeout * 1e6)})`;
    return { Start, End: timestamp(), ExitCode: -1, Output: output ? `${late}: ${output}` : late };
  } catch (error) {
    return { Start, End: timestamp(), ExitCode: -1, Output: error instanceof Error ? error.message : String(error) };
  }
}

/** Checks one container, again and again, until it is stopped. One check at a time, whatever each takes. */
class Monitor {
  readonly #deps: HealthDeps;
  readonly #id: string;
  readonly #plan: HealthPlan;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: HealthDeps, record: ContainerRecord, plan: HealthPlan) {
    this.#deps = deps;
    this.#id = record.id;
    this.#plan = plan;
    this.#schedule(record);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  #schedule(record: ContainerRecord): void {
    const run = () => {
      this.#run().catch((error) => this.#deps.log.error({ container: this.#id, err: error }, 'health check'));
    };
    this.#timer = setTimeout(run, nextCheckIn(this.#plan, record.state.health, age(record)));
  }

  async #run(): Promise<void> {
    const result = await check(this.#deps, this.#id, this.#plan, this.#stop.signal);
    // Stopped or paused meanwhile: the result says nothing of its health.
    const record = this.#deps.containers.get(this.#id);
    if (this.#stop.signal.aborted || !record) return;
    try {
      this.#record(record, result);
    } catch (error) {
      // It cannot be stored; the next one may be.
      this.#deps.log.warn({ container: this.#id, err: error }, 'store the result of a health check');
    }
    const now = this.#deps.containers.get(this.#id);
    if (now) this.#schedule(now);
  }

  #record(record: ContainerRecord, result: HealthcheckResult): void {
    const before = record.state.health ?? startingHealth(undefined);
    const startedAfter = Date.parse(result.Start) - Date.parse(record.state.startedAt);
    const health = nextHealth(this.#plan, before, result, startedAfter);
    const now = this.#deps.containers.setState(record.id, { health });
    if (health.Status !== before.Status) publishContainer(this.#deps, now, `health_status: ${health.Status}`);
  }
}

/** The health that a change of the container's state brings with it; undefined where it brings none. */
function healthOf(now: ContainerRecord, before: ContainerRecord): Health | undefined {
  const { health } = now.state;
  if (now.state.startedAt !== before.state.startedAt && hasProcess(now)) return startingHealth(health);
  // What does not run cannot be well, as Docker has it.
  if (health && hasProcess(before) && !hasProcess(now)) return { ...health, Status: 'unhealthy' };
  return undefined;
}

/**
 * Follows all containers from now on, and checks those that run and have a check: no timer, no process for any other. To be
 * called before containers are restored.
 */
export function watchHealth(deps: HealthDeps): void {
  const monitors = new Map<string, Monitor>();
  const end = (id: string) => {
    monitors.get(id)?.stop();
    monitors.delete(id);
  };
  const change = (id: string, health: Health) => {
    try {
      deps.containers.setState(id, { health });
    } catch (error) {
      deps.log.warn({ container: id, err: error }, 'store the health of a container');
    }
  };
  deps.containers.observe((now, before) => {
    const { Healthcheck, Shell } = before.config;
    if (!Healthcheck) return;
    const plan = healthPlan(Healthcheck, Shell);
    if (!plan) return;
    if (now?.state.status !== 'running') end(before.id);
    const health = now && healthOf(now, before);
    if (health?.Status === 'starting') end(before.id);
    if (health) change(before.id, health);
    const record = deps.containers.get(before.id);
    if (record?.state.status === 'running' && !monitors.has(record.id)) {
      monitors.set(record.id, new Monitor(deps, record, plan));
    }
  });
}
