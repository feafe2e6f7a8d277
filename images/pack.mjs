// pack.mjs DIR TAG CONFIG MAKER COMMENT: makes DIR/image, an OCI layout that is a docker-archive too, of DIR/layer.tar.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch } from 'node:process';

const [dir, tag, config, maker, comment] = process.argv.slice(2);
const image = `${dir}/image`;
const blobs = `${image}/blobs/sha256`;
mkdirSync(blobs, { recursive: true });

/** Stores bytes under their digest; returns what a manifest says of them. */
function blob(mediaType, bytes) {
  const hex = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(`${blobs}/${hex}`, bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}
const json = (value) => Buffer.from(JSON.stringify(value));
const path = ({ digest }) => `blobs/${digest.replace(':', '/')}`;
const created = '1970-01-01T00:00:00Z';

const layer = blob('application/vnd.oci.image.layer.v1.tar', readFileSync(`${dir}/layer.tar`));
const configuration = blob(
  'application/vnd.oci.image.config.v1+json',
  json({
    created,
    architecture: { x64: 'amd64', arm64: 'arm64' }[arch] ?? arch,
    os: 'linux',
    config: JSON.parse(config),
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created, created_by: maker, comment }],
  }),
);
const manifest = blob(
  'application/vnd.oci.image.manifest.v1+json',
  json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: configuration,
    layers: [layer],
  }),
);

const annotations = {
  'io.containerd.image.name': tag.includes('/') ? `docker.io/${tag}` : `docker.io/library/${tag}`,
  'org.opencontainers.image.ref.name': tag.split(':')[1],
};
writeFileSync(`${image}/oci-layout`, json({ imageLayoutVersion: '1.0.0' }));
writeFileSync(
  `${image}/index.json`,
  json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...manifest, annotations }],
  }),
);
writeFileSync(
  `${image}/manifest.json`,
  json([{ Config: path(configuration), RepoTags: [tag], Layers: [path(layer)] }]),
);
