import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { subordinateIds, subordinateMap } from '../kernel/sub-ids.js';
import { firstFree, type IdRange, MAX_ID, mapOf, rangesOf, type UserMap } from '../lib/id-map.js';

/** The name in /etc/subuid and /etc/subgid that `--userns-remap default` stands for. */
const DEFAULT_USER = 'tinydocker-remap';

/** Ids of a container that asks for a range of its own, and says no size. */
const AUTO_SIZE = 65536;

/** What a container's UsernsMode asks for. */
export type UsernsMode = { kind: 'default' } | { kind: 'host' } | { kind: 'auto'; size: number };

/** @throws EngineError invalid */
export function parseUsernsMode(mode: string): UsernsMode {
  if (mode === '' || mode === 'private') return { kind: 'default' };
  if (mode === 'host') return { kind: 'host' };
  const size = /^auto(?::size=(\d{1,10}))?$/.exec(mode);
  if (!size) throw invalid(`invalid user namespace mode: ${mode} (use host, auto or auto:size=N)`);
  const wanted = size[1] === undefined ? AUTO_SIZE : Number(size[1]);
  if (wanted < 1 || wanted > MAX_ID) throw invalid(`invalid user namespace mode: ${mode}: that many ids there are not`);
  return { kind: 'auto', size: wanted };
}

/** The pool as START:COUNT. */
function literalPool(given: string): IdRange | undefined {
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(given);
  if (!match) return undefined;
  const [start, size] = match.slice(1).map(Number) as [number, number];
  if (start < 1 || size < 1 || start + size - 1 > MAX_ID) throw new Error('it is not a range of ids');
  return { start, size };
}

/** What user namespaces this daemon gives to its containers. */
export class UserMaps {
  /** The one that all containers share which ask for nothing. */
  readonly remap: UserMap | undefined;
  /** Whether those have a range each. */
  readonly autoByDefault: boolean;
  readonly #pool: string;

  /** @throws Error with a sentence for whoever started the daemon */
  constructor(remap: string, pool: string) {
    this.#pool = pool;
    this.autoByDefault = remap === 'auto';
    try {
      if (remap && !this.autoByDefault) this.remap = subordinateMap(remap === 'default' ? DEFAULT_USER : remap);
    } catch (error) {
      throw new Error(`cannot use --userns-remap ${remap}: ${(error as Error).message}`);
    }
    if (this.autoByDefault) this.#ranges();
  }

  /** Whether containers that ask for nothing have a user namespace. */
  get byDefault(): boolean {
    return this.autoByDefault || this.remap !== undefined;
  }

  /** Read anew each time: a pool may grow while the daemon runs. */
  #ranges(): { uids: IdRange[]; gids: IdRange[] } {
    try {
      const range = literalPool(this.#pool);
      return range ? { uids: [range], gids: [range] } : subordinateIds(this.#pool);
    } catch (error) {
      throw new Error(`cannot use the pool of ids (--userns-pool ${this.#pool}): ${(error as Error).message}`);
    }
  }

  /**
   * A range that no container has.
   * @param taken what others have
   * @throws EngineError invalid: there is no pool; system: it is used up
   */
  allocate(size: number, taken: readonly UserMap[]): UserMap {
    let pool: { uids: IdRange[]; gids: IdRange[] };
    try {
      pool = this.#ranges();
    } catch (error) {
      throw invalid(`user namespace "auto": ${(error as Error).message}`);
    }
    const all = this.remap ? [...taken, this.remap] : taken;
    const uids = firstFree(
      pool.uids,
      all.flatMap((map) => rangesOf(map.uids)),
      size,
    );
    const gids = firstFree(
      pool.gids,
      all.flatMap((map) => rangesOf(map.gids)),
      size,
    );
    if (!uids || !gids) {
      throw new EngineError(
        'system',
        `user namespace "auto": the pool of ids (${this.#pool}) has no ${size} left in one piece`,
      );
    }
    return { uids: mapOf([uids]), gids: mapOf([gids]) };
  }
}
