import { invalid } from '@tinydocker/shared/errors.js';
import { type IdMapping, MAX_ID } from '../lib/id-map.js';

/** `idmap` without a map: the container's user has the files of the source's owner. */
export const IDMAP_USER = 'user';
/** The ids on disk are the container's own, whatever its user namespace makes of them on the host. */
export const IDMAP_CONTAINER = 'container';

/** The kernel takes so many lines, of less than a page together (user_namespaces(7)). */
const MAX_RANGES = 340;
const MAX_TEXT = 4096;

function overlaps(ranges: readonly IdMapping[], side: 'containerID' | 'hostID'): boolean {
  const sorted = [...ranges].sort((a, b) => a[side] - b[side]);
  return sorted.some((range, i) => i > 0 && sorted[i - 1]![side] + sorted[i - 1]!.size > range[side]);
}

function readRanges(text: string, whole: string): IdMapping[] {
  const ranges = text.split('#').map((part) => {
    const match = /^(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(part);
    if (!match) throw invalid(`invalid idmap "${whole}": "${part}" is not FROM-TO-COUNT`);
    const [containerID, hostID, size] = match.slice(1).map(Number) as [number, number, number];
    if (size < 1 || containerID + size - 1 > MAX_ID || hostID + size - 1 > MAX_ID) {
      throw invalid(`invalid idmap "${whole}": "${part}" is not a range of ids`);
    }
    return { containerID, hostID, size };
  });
  const lines = ranges.map((r) => `${r.containerID} ${r.hostID} ${r.size}\n`).join('');
  if (ranges.length > MAX_RANGES || lines.length >= MAX_TEXT)
    throw invalid(`invalid idmap "${whole.slice(0, 60)}...": more ranges than the kernel takes`);
  if (overlaps(ranges, 'containerID') || overlaps(ranges, 'hostID'))
    throw invalid(`invalid idmap "${whole}": its ranges overlap`);
  return ranges;
}

/**
 * Reads `uids=0-1000-1#1-2000-10;gids=...`: ids of the file system from the first on are seen in the container as those from the
 * second on, as many as the third says (as in Podman). One of the two stands for both where only one is given.
 * @returns undefined for `user`, where the map is made of the container's user and the owner of the source, and for `container`
 * @throws EngineError invalid
 */
export function parseIdmap(text: string): { uids: IdMapping[]; gids: IdMapping[] } | undefined {
  if (text === IDMAP_USER || text === IDMAP_CONTAINER) return undefined;
  const found = new Map<string, IdMapping[]>();
  for (const part of text.split(';')) {
    const match = /^(uids|gids)=(.+)$/.exec(part);
    if (!match || found.has(match[1]!)) {
      throw invalid(`invalid idmap "${text}": give uids=FROM-TO-COUNT;gids=FROM-TO-COUNT, or nothing`);
    }
    found.set(match[1]!, readRanges(match[2]!, text));
  }
  const uids = found.get('uids') ?? found.get('gids')!;
  return { uids, gids: found.get('gids') ?? uids };
}
