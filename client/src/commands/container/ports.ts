import type { ContainerSummary } from '@tinydocker/shared/api/containers.js';

type Port = ContainerSummary['Ports'][number];

const hostOf = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);

/** Ports for people: `0.0.0.0:8080->80/tcp`, neighbours as ranges: `7000-7002/tcp`. */
export function formatPorts(ports: readonly Port[]): string {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      compare(a.IP ?? '', b.IP ?? '') ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      compare(a.Type, b.Type),
  );
  const published: string[] = [];
  const groups = new Map<string, { first: number; last: number }[]>();
  for (const { IP, PrivatePort, PublicPort, Type } of sorted) {
    if (PublicPort && PublicPort !== PrivatePort) {
      published.push(`${hostOf(IP ?? '')}:${PublicPort}->${PrivatePort}/${Type}`);
      continue;
    }
    const key = PublicPort ? `${IP}/${Type}` : Type;
    const ranges = groups.get(key) ?? [];
    groups.set(key, ranges);
    const range = ranges.at(-1);
    if (range && range.last === PrivatePort - 1) range.last = PrivatePort;
    else if (range?.last !== PrivatePort) ranges.push({ first: PrivatePort, last: PrivatePort });
  }
  const ranged = [...groups].flatMap(([key, ranges]) => ranges.map((range) => rangeText(key, range)));
  return [...ranged, ...published].join(', ');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function rangeText(key: string, { first, last }: { first: number; last: number }): string {
  const slash = key.lastIndexOf('/');
  const type = key.slice(slash + 1);
  const range = first === last ? `${first}` : `${first}-${last}`;
  return slash < 0 ? `${range}/${type}` : `${hostOf(key.slice(0, slash))}:${range}->${range}/${type}`;
}
