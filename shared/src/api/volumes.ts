import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Maybe, Nullable, StringMap, Strings } from './common.js';

const Labels = Nullable(StringMap);

/** A directory that containers share and that outlives them. */
export const Volume = Type.Object({
  CreatedAt: Type.String(),
  Driver: Type.String({ description: 'local' }),
  Labels,
  Mountpoint: Type.String({ description: 'Where it is on the host.' }),
  Name: Type.String(),
  Options: Nullable(StringMap, 'What is mounted in place of a directory: type, device, o.'),
  Scope: Type.String({ description: 'local' }),
  UsageData: Type.Optional(
    Type.Object({
      RefCount: Type.Integer({ description: 'Containers that it is mounted into; -1 where that is not known.' }),
      Size: Type.Integer({ description: 'Bytes of its files; -1 where that is not known.' }),
    }),
  ),
});
export type Volume = Static<typeof Volume>;

export const VolumeCreateRequest = Type.Object(
  {
    Name: Maybe(Type.String(), 'Its name; one is made up where none is given.'),
    Driver: Maybe(Type.String(), 'local'),
    DriverOpts: Maybe(StringMap, 'In the words of mount(8): type, device, o.'),
    Labels: Maybe(StringMap),
    ClusterVolumeSpec: Type.Optional(Type.Unknown({ description: 'Not offered.' })),
  },
  { emptyBody: true },
);
export type VolumeCreateRequest = Static<typeof VolumeCreateRequest>;

export const VolumeListResponse = Type.Object({
  Volumes: Type.Array(Volume),
  Warnings: Nullable(Strings),
});
export type VolumeListResponse = Static<typeof VolumeListResponse>;

export const VolumePruneResponse = Type.Object({
  VolumesDeleted: Nullable(Strings),
  SpaceReclaimed: Type.Integer({ description: 'Bytes.' }),
});
export type VolumePruneResponse = Static<typeof VolumePruneResponse>;
