import { join } from 'node:path';

/** Names of everything on disk. Below dataRoot what lasts, below execRoot what ends with the machine. */
export class Paths {
  readonly dataRoot: string;
  readonly execRoot: string;

  constructor(dataRoot: string, execRoot: string) {
    this.dataRoot = dataRoot;
    this.execRoot = execRoot;
  }

  get lock() {
    return join(this.dataRoot, 'lock');
  }
  get database() {
    return join(this.dataRoot, 'tinydocker.db');
  }
  get blobs() {
    return join(this.dataRoot, 'blobs', 'sha256');
  }
  get layers() {
    return join(this.dataRoot, 'layers');
  }
  /** Half-received content; emptied at start. */
  get ingest() {
    return join(this.dataRoot, 'ingest');
  }
  /** Blobs that have come in part, by digest: a second attempt goes on from there. */
  get partial() {
    return join(this.dataRoot, 'partial');
  }
  /** What is being deleted: moved here in one rename, removed when there is time; emptied at start. */
  get trash() {
    return join(this.dataRoot, 'trash');
  }
  /** A layer of the engine's own, see services/containers/mountpoints.ts. */
  get mountpoints() {
    return join(this.dataRoot, 'mountpoints');
  }
  get containers() {
    return join(this.dataRoot, 'containers');
  }
  /** A container's directory, made before the container. */
  get spare() {
    return join(this.dataRoot, 'spare');
  }
  /** Text of the default profile of AppArmor. */
  get apparmor() {
    return join(this.dataRoot, 'apparmor-profile');
  }
  /** Compiled filters of system calls. */
  get seccomp() {
    return join(this.dataRoot, 'seccomp');
  }
  get volumes() {
    return join(this.dataRoot, 'volumes');
  }
  /** A directory with nothing in it: the lowest layer where overlayfs wants one more. */
  get empty() {
    return join(this.dataRoot, 'empty');
  }
  /** Directories that `RUN --mount=type=cache` shares between builds. */
  get buildMounts() {
    return join(this.dataRoot, 'build', 'mounts');
  }
  /** What only builds at work need and no disk may keep: secrets. */
  get buildSecrets() {
    return join(this.execRoot, 'build');
  }
  /** Between which interfaces the host did not forward before the engine turned that on; as long as the machine runs. */
  get forwarding() {
    return join(this.execRoot, 'forwarding.json');
  }
  get bundles() {
    return join(this.execRoot, 'containers');
  }

  /** A blob by its digest `sha256:<hex>`. */
  blob(digest: string) {
    return join(this.blobs, digest.slice('sha256:'.length));
  }
  layer(id: number) {
    return join(this.layers, String(id));
  }
  /** A container's lasting files: upper, work, its log, hosts, hostname, resolv.conf. */
  container(id: string) {
    return join(this.containers, id);
  }
  /** A volume's directory; what containers see of it is `_data` in it. */
  volume(name: string) {
    return join(this.volumes, name);
  }
  bundle(id: string) {
    return join(this.bundles, id);
  }
}
