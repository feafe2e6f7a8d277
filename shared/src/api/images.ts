import type { Static } from 'typebox';
import * as Type from 'typebox';
import { DriverData, HealthConfig, Maybe, MaybeWordList, Nullable, StringMap, StringSet, Strings } from './common.js';

/** What an image says about the containers made from it. */
export const ImageConfig = Type.Object({
  User: Maybe(Type.String()),
  ExposedPorts: Maybe(StringSet),
  Env: Maybe(Strings),
  Cmd: MaybeWordList('Command, or arguments to the entrypoint.'),
  Healthcheck: Maybe(HealthConfig),
  ArgsEscaped: Maybe(Type.Boolean()),
  Volumes: Maybe(StringSet),
  WorkingDir: Maybe(Type.String()),
  Entrypoint: MaybeWordList('What Cmd is given to.'),
  OnBuild: Maybe(Strings),
  Labels: Maybe(StringMap),
  StopSignal: Maybe(Type.String()),
  Shell: MaybeWordList('Shell of the CMD-SHELL forms.'),
});
export type ImageConfig = Static<typeof ImageConfig>;

export const ImageInspect = Type.Object({
  Id: Type.String({ description: 'Digest of the image’s configuration.' }),
  RepoTags: Strings,
  RepoDigests: Strings,
  Parent: Type.String(),
  Comment: Type.String(),
  Created: Type.Optional(Type.String({ description: 'As the image says; not there when it does not.' })),
  DockerVersion: Type.String(),
  Author: Type.String(),
  Config: Nullable(ImageConfig),
  Architecture: Type.String(),
  Variant: Type.Optional(Type.String()),
  Os: Type.String(),
  OsVersion: Type.Optional(Type.String()),
  Size: Type.Integer({ description: 'Bytes of all its layers, unpacked.' }),
  VirtualSize: Type.Optional(Type.Integer({ description: 'The same as Size; before API 1.44.' })),
  GraphDriver: DriverData,
  RootFS: Type.Object({ Type: Type.String(), Layers: Type.Optional(Strings) }),
  Metadata: Type.Object({ LastTagTime: Type.String() }),
});
export type ImageInspect = Static<typeof ImageInspect>;

export const ImageSummary = Type.Object({
  Id: Type.String(),
  ParentId: Type.String(),
  RepoTags: Strings,
  RepoDigests: Strings,
  Created: Type.Integer({ description: 'Seconds since 1970.' }),
  Size: Type.Integer({ description: 'Bytes of all its layers, unpacked.' }),
  VirtualSize: Type.Optional(Type.Integer({ description: 'The same as Size; before API 1.44.' })),
  SharedSize: Type.Integer({ description: 'Bytes shared with other images; -1 when it was not asked for.' }),
  Labels: Nullable(StringMap),
  Containers: Type.Integer({ description: 'How many are made from it; -1 when it was not counted.' }),
});
export type ImageSummary = Static<typeof ImageSummary>;

/** One line of the answer to a removal: a name taken away or a thing deleted. */
export const ImageDeleteResponseItem = Type.Object({
  Untagged: Type.Optional(Type.String()),
  Deleted: Type.Optional(Type.String()),
});
export type ImageDeleteResponseItem = Static<typeof ImageDeleteResponseItem>;

export const ImagesPruneResponse = Type.Object({
  ImagesDeleted: Nullable(Type.Array(ImageDeleteResponseItem)),
  SpaceReclaimed: Type.Integer({ description: 'Bytes.' }),
});
export type ImagesPruneResponse = Static<typeof ImagesPruneResponse>;

export const ImageHistoryResponseItem = Type.Object({
  Id: Type.String(),
  Created: Type.Integer(),
  CreatedBy: Type.String(),
  Tags: Nullable(Strings),
  Size: Type.Integer(),
  Comment: Type.String(),
});
export type ImageHistoryResponseItem = Static<typeof ImageHistoryResponseItem>;

const Platform = Type.Object({
  architecture: Type.Optional(Type.String()),
  os: Type.Optional(Type.String()),
  variant: Type.Optional(Type.String()),
});

/** What a name stands for in a registry. */
export const DistributionInspect = Type.Object({
  Descriptor: Type.Object({ mediaType: Type.String(), digest: Type.String(), size: Type.Integer() }),
  Platforms: Type.Array(Platform),
});
export type DistributionInspect = Static<typeof DistributionInspect>;

/** An image that a registry has found. */
export const ImageSearchItem = Type.Object({
  name: Type.String(),
  description: Type.String(),
  is_official: Type.Boolean(),
  is_automated: Type.Boolean(),
  star_count: Type.Integer(),
});
export type ImageSearchItem = Static<typeof ImageSearchItem>;

/** One line of the answer to a verification. */
export const ImageVerifyLine = Type.Object({
  kind: Type.String({ description: 'document (a configuration or a manifest), blob or layer.' }),
  id: Type.String({ description: 'Its digest; of a layer the chain id.' }),
  path: Type.Optional(Type.String({ description: 'Of a layer: its directory.' })),
  images: Type.Array(Type.String(), { description: 'Those that are made of it.' }),
  problems: Type.Array(Type.String(), { description: 'None: it is as it should be.' }),
});
export type ImageVerifyLine = Static<typeof ImageVerifyLine>;
