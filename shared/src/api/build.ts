import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Nullable, Strings } from './common.js';

const text = (description: string) => Type.Optional(Type.String({ description }));
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const number = (description: string) => Type.Optional(Type.Integer({ description }));

/** What a build is asked for, as Docker's clients send it. */
export const BuildQuery = Type.Object({
  t: Type.Optional(Type.Array(Type.String(), { description: 'Names for the image.' })),
  dockerfile: text('Path of the Dockerfile in the context (default: Dockerfile).'),
  remote: text('Address of a context, of a Dockerfile or of a repository, instead of a body.'),
  extrahosts: Type.Optional(Type.Array(Type.String(), { description: 'name:address each, or one list in JSON.' })),
  q: flag('Only the id of the image.'),
  nocache: flag('Do every step anew.'),
  cachefrom: text('JSON: images whose steps may be used again.'),
  pull: flag('Ask for newer images, whatever is here.'),
  rm: flag('Accepted: containers of steps are always removed.'),
  forcerm: flag('Accepted, as rm.'),
  memory: number('Bytes of memory of every step.'),
  memswap: number('Bytes of memory and swap; -1: no limit for swap.'),
  cpushares: number('Weight of every step.'),
  cpusetcpus: text('Processors, as 0-3 or 0,1.'),
  cpusetmems: text('Memory nodes.'),
  cpuperiod: number('Microseconds.'),
  cpuquota: number('Microseconds of a period.'),
  shmsize: number('Bytes of /dev/shm.'),
  ulimits: text('JSON: a list of ulimits.'),
  cgroupparent: text('Parent of the cgroups of all steps.'),
  buildargs: text('JSON: values of arguments by name; null: as if it were not given.'),
  labels: text('JSON: labels of the image.'),
  networkmode: text('Network of every step.'),
  platform: text('os/architecture[/variant]; this machine’s is what there is.'),
  target: text('The stage to build.'),
  squash: flag('Refused.'),
  securityopt: Type.Optional(Type.Array(Type.String(), { description: 'Refused.' })),
  outputs: text('JSON; refused where there is something in it.'),
  isolation: text('Is Windows’s.'),
  session: text('Refused: of BuildKit.'),
  buildid: text('Accepted.'),
  version: text('"1": this builder; "2" is BuildKit, and refused.'),
  ssh: Type.Optional(Type.Array(Type.String(), { description: 'Ours: ID=SOCKET, agents on this machine.' })),
});
export type BuildQuery = Static<typeof BuildQuery>;

/** One thing in the build cache. */
export const BuildCacheItem = Type.Object({
  ID: Type.String(),
  Parents: Type.Optional(Strings),
  Type: Type.String({ description: 'regular, or exec.cachemount.' }),
  Description: Type.String(),
  InUse: Type.Boolean(),
  Shared: Type.Boolean({ description: 'An image has the same layer.' }),
  Size: Type.Integer({ description: 'Bytes.' }),
  CreatedAt: Type.String(),
  LastUsedAt: Nullable(Type.String()),
  UsageCount: Type.Integer(),
});
export type BuildCacheItem = Static<typeof BuildCacheItem>;
