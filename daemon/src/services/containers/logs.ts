import { invalid, notImplemented } from '@tinydocker/shared/errors.js';
import { parseTime } from '@tinydocker/shared/units.js';
import type { Deps } from '../../deps.js';
import { readLogs } from '../../runtime/log-reader.js';
import type { ContainerRecord } from '../../store/containers.js';
import { logFilesOf } from './log-config.js';
import { hasProcess } from './wait.js';

export interface LogOptions {
  stdout: boolean;
  stderr: boolean;
  follow?: boolean;
  timestamps?: boolean;
  /** The attributes of each record before it. */
  details?: boolean;
  /** A number of lines; anything else is all of them. */
  tail?: string;
  /** Seconds since 1970 or RFC 3339; '' and 0: no bound. */
  since?: string;
  until?: string;
}

export interface ContainerLogs {
  /** stdcopy frames: it has no terminal. */
  multiplexed: boolean;
  /** It ends with the container. */
  follows: boolean;
  /** Each part is overwritten when the next one is asked for. */
  data: AsyncGenerator<Buffer>;
}

type LogDeps = Pick<Deps, 'containers' | 'paths'>;

/** Nanoseconds since 1970. */
const bound = (text: string | undefined): bigint | undefined => {
  if (!text || text === '0') return undefined;
  const { seconds, nanos } = parseTime(text);
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
};

/** Aborted when this run of the container ends, or it is removed. Who follows a restarted one has to ask again, as with dockerd. */
function endOf(deps: LogDeps, record: ContainerRecord, cancel: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const unwatch = deps.containers.watch(record.id, (now) => {
    if (now && hasProcess(now) && now.state.startedAt === record.state.startedAt) return;
    unwatch();
    ended.abort();
  });
  cancel.addEventListener('abort', unwatch, { once: true });
  return ended.signal;
}

/**
 * Reads a container's log; with `follow` until it ends. `cancel` is aborted when nobody reads any more.
 * @throws EngineError invalid, not-found, not-implemented (a log that cannot be read)
 */
export function containerLogs(
  deps: LogDeps,
  nameOrId: string,
  options: LogOptions,
  cancel: AbortSignal,
): ContainerLogs {
  if (!options.stdout && !options.stderr) throw invalid('Bad parameters: you must choose at least one stream');
  const record = deps.containers.resolve(nameOrId);
  const files = logFilesOf(deps, record);
  if (!files) throw notImplemented('configured logging driver does not support reading');
  const multiplexed = !record.config.Tty;
  const since = bound(options.since);
  const until = bound(options.until);
  const follow = (options.follow ?? false) && hasProcess(record);
  const data = readLogs(files, {
    stdout: options.stdout,
    stderr: options.stderr,
    timestamps: options.timestamps ?? false,
    details: options.details ?? false,
    multiplexed,
    tail: /^\d{1,15}$/.test(options.tail ?? '') ? Number(options.tail) : undefined,
    since,
    until,
    follow,
    ended: follow ? endOf(deps, record, cancel) : undefined,
    cancel,
    scratch: deps.paths.ingest,
  });
  return { multiplexed, follows: follow, data };
}
