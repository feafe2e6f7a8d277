import { readFileSync } from 'node:fs';
import { type IdRange, MAX_ID, mapOf, type UserMap } from '../lib/id-map.js';

/*
 * Ranges of ids that a user may give to user namespaces: /etc/subuid and /etc/subgid (subuid(5)). A name in them need not be
 * a user of the system.
 */

const FILES = { user: '/etc/subuid', group: '/etc/subgid' } as const;
const NAMES = { user: '/etc/passwd', group: '/etc/group' } as const;
type Kind = keyof typeof FILES;

function lines(path: string): string[][] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Name and number of a user or group that is given by either; what /etc/passwd or /etc/group does not know keeps what was given. */
function identify(kind: Kind, given: string): string[] {
  const isNumber = /^\d+$/.test(given);
  const entry = lines(NAMES[kind]).find(([name, , id]) => (isNumber ? id === given : name === given));
  return entry ? [entry[0]!, entry[2]!] : [given];
}

const number = (text: string | undefined): number => (/^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN);

/** @throws Error with a sentence for whoever set the machine up */
function rangesFor(kind: Kind, names: readonly string[]): IdRange[] {
  const file = FILES[kind];
  const ranges = lines(file)
    .filter(([name]) => names.includes(name ?? ''))
    .map(([name, start, size]) => {
      const range = { start: number(start), size: number(size) };
      if (!(range.size > 0 && range.start + range.size - 1 <= MAX_ID))
        throw new Error(`${file}: "${[name, start, size].join(':')}" is not a range of ids`);
      if (range.start === 0)
        throw new Error(`${file}: the range of "${name}" begins with 0, which is root of the host`);
      return range;
    });
  if (ranges.length === 0) {
    const example = `${names[0]}:231072:65536`;
    throw new Error(`there is no range for "${names[0]}" in ${file}: add a line such as ${example}`);
  }
  return ranges;
}

/** What `user`, `user:group`, or their numbers, may map to. @throws Error with a sentence for whoever set the machine up */
export function subordinateIds(given: string): { uids: IdRange[]; gids: IdRange[] } {
  const [user = '', group, ...rest] = given.split(':');
  if (user === '' || group === '' || rest.length > 0) throw new Error('write user, user:group, uid or uid:gid');
  const names = identify('user', user);
  // Without a group, the lines of the user's own name: those of subgid(5) name users.
  return {
    uids: rangesFor('user', names),
    gids: rangesFor('group', group === undefined ? names : identify('group', group)),
  };
}

/** The same as maps, from root of the namespace on. */
export function subordinateMap(given: string): UserMap {
  const { uids, gids } = subordinateIds(given);
  return { uids: mapOf(uids), gids: mapOf(gids) };
}
