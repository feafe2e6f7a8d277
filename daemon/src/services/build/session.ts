import type { Dockerfile } from '../../build/dockerfile.js';
import type { GlobalArguments } from '../../build/arguments.js';
import type { Plan } from '../../build/stages.js';
import type { Deps } from '../../deps.js';
import { LayerHelper, type LayerHelperOptions } from '../../kernel/layer-helper.js';
import type { StartDeps } from '../containers/start.js';
import type { BuildOptions } from './options.js';

export type BuildDeps = StartDeps & Pick<Deps, 'buildCache' | 'directories' | 'partial' | 'registries' | 'users'>;

/** Where files are taken from: directories, topmost first. One alone is that directory. */
export type Tree = readonly string[];

/** Something that files are taken from. */
export interface Source {
  /** Names what is in it, whatever becomes of its directories; undefined: it is not asked twice. */
  readonly key: string | undefined;
  /** Its directories, made when they are first asked for. */
  tree(): Promise<Tree>;
}

/** What a build takes files from, and the text that says how. */
export interface Context extends Source {
  readonly dockerfile: string;
}

/** One build at work: what all its stages share. */
export interface Session {
  readonly deps: BuildDeps;
  readonly options: BuildOptions;
  readonly id: string;
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
  /** A directory of its own, which goes with it; made when it is first asked for. */
  directory(): string;
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
