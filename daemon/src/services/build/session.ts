import type { Dockerfile } from '../../build/dockerfile.js';
import type { GlobalArguments } from '../../build/arguments.js';
import type { Plan } from '../../build/stages.js';
import type { Deps } from '../../deps.js';
import { LayerHelper, type LayerHelperOptions } from '../../kernel/layer-helper.js';
import type { StartDeps } from '../containers/start.js';
import type { BuildOptions } from './options.js';

export type BuildDeps = StartDeps & Pick<Deps, 'buildCache' | 'directories' | 'partial' | 'registries' | 'users'>;

/** What a build takes files from, and the text that says how. */
export interface Context {
  /** The directory; nobody writes to it while the build is at work. */
  readonly directory: string;
  readonly dockerfile: string;
}

/** One build at work: what all its stages share. */
export interface Session {
  readonly deps: BuildDeps;
  readonly options: BuildOptions;
  /** A directory of its own, which goes with it. */
  readonly directory: string;
  readonly context: Context;
  readonly dockerfile: Dockerfile;
  readonly plan: Plan;
  readonly args: GlobalArguments;
  /** The platform of this machine. */
  readonly host: { os: string; architecture: string; variant?: string };
  /** Aborted when nobody wants it any more, or another stage has failed. */
  readonly signal: AbortSignal;
  /** Called at its end, whatever that is: for images and layers that must not go before. */
  readonly releases: (() => void)[];
  /** A name in its directory that nobody has had yet. */
  fresh(what: string): string;
}

/** Runs a helper that ends with the build. */
export async function withHelper<T>(
  session: Pick<Session, 'signal'>,
  verb: string,
  args: readonly string[],
  options: LayerHelperOptions,
  use: (helper: LayerHelper) => Promise<T>,
): Promise<T> {
  session.signal.throwIfAborted();
  const helper = new LayerHelper(verb, args, options);
  const stop = () => helper.kill();
  session.signal.addEventListener('abort', stop, { once: true });
  try {
    return await use(helper);
  } catch (error) {
    helper.kill();
    session.signal.throwIfAborted(); // that is why
    throw error;
  } finally {
    session.signal.removeEventListener('abort', stop);
    await helper.close();
  }
}
