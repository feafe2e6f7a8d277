import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { notImplemented } from '@tinydocker/shared/errors.js';

type List = readonly unknown[] | null | undefined;
type Map = Readonly<Record<string, unknown>> | null | undefined;

const some = (list: List): boolean => (list?.length ?? 0) > 0;
const any = (map: Map): boolean => Object.keys(map ?? {}).length > 0;

/** What this engine does not do yet: asked for, it is refused with this sentence, never left out in silence. */
const REFUSED: readonly (readonly [asked: (h: HostConfig) => boolean, what: string])[] = [
  [(h) => some(h.DeviceRequests), 'device requests (DeviceRequests)'],
  [(h) => any(h.StorageOpt), 'options of the storage driver (StorageOpt)'],
  [(h) => Boolean(h.Cgroup), 'the cgroup of another container (Cgroup)'],
  [
    (h) => Boolean(h.CpuCount || h.CpuPercent || h.IOMaximumIOps || h.IOMaximumBandwidth),
    'limits of Windows containers (CpuCount, CpuPercent, IOMaximum...)',
  ],
];

/** @throws EngineError not-implemented, naming the first thing that is asked for and not there */
export function refuseUnsupported(hostConfig: HostConfig): void {
  const what = REFUSED.find(([asked]) => asked(hostConfig))?.[1];
  if (what) throw notImplemented(`this engine does not offer ${what} yet`);
}
