/**
 * One mount of a container as it was settled when the container was created, and as it is stored with it. Where a volume or an
 * image lies on disk is not in it: that is looked up at each start.
 */
export interface ContainerMount {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Path on the host (bind), name of the volume, the image as it was asked for; '' for a tmpfs. */
  readonly source: string;
  readonly destination: string;
  /** The third part of `-v`, as given, and what Docker shows in its place. */
  readonly mode: string;
  readonly rw: boolean;
  /** '' where it is not for the user to choose. */
  readonly propagation: string;
  /** Mounts below the source come along. */
  readonly recursive: boolean;
  /** Read-only goes for the mounts below as well. */
  readonly recursiveReadOnly: boolean;
  /** bind: a missing source directory is made, as `-v` has it and `--mount` does when asked. */
  readonly createSource?: boolean;
  /** A path below the source, which may not lead out of it. */
  readonly subpath?: string;
  /** bind: whose files are whose, see idmap.ts. */
  readonly idmap?: string;
  /** volume: it was made up for this container, and goes with it. */
  readonly anonymous?: boolean;
  /** volume: to be filled with what the image has there before the container is started. */
  readonly fill?: boolean;
  /** tmpfs: its mount options. */
  readonly options?: readonly string[];
  /** image: the ids of its layers, lowest first. */
  readonly layers?: readonly number[];
}
