/** The media types of what images are made of: the OCI image specification's and Docker's older ones. */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const DOCKER_MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
/** Docker's first format; registries answer with it to those who ask for nothing else. */
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/;

const INDEX_TYPES: readonly string[] = [OCI_INDEX_TYPE, DOCKER_LIST];
const MANIFEST_TYPES: readonly string[] = [OCI_MANIFEST, DOCKER_MANIFEST_TYPE];
const CONFIG_TYPES: readonly string[] = [OCI_CONFIG, DOCKER_CONFIG];
const LAYER_TYPES =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1|docker\.image\.rootfs\.(foreign\.)?diff)\.tar/;

export const isIndexType = (type: string): boolean => INDEX_TYPES.includes(type);
export const isManifestType = (type: string): boolean => MANIFEST_TYPES.includes(type);
export const isConfigType = (type: string): boolean => CONFIG_TYPES.includes(type);
export const isLayerType = (type: string): boolean => LAYER_TYPES.test(type);
export const isSchema1 = (type: string): boolean => SCHEMA_1.test(type);

/** What a registry is asked for. */
export const ACCEPTED = [...MANIFEST_TYPES, ...INDEX_TYPES];

/** What a gzip layer is called in Docker's manifest. */
export const DOCKER_LAYER_TYPE = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** What a layer is called in an OCI manifest, by how its bytes are compressed. */
export const LAYER_TYPE = {
  plain: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;
export type Compression = keyof typeof LAYER_TYPE;
