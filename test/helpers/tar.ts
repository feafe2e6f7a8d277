import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface TarEntry {
  name: string;
  content?: Buffer | string;
  /** As in the tar format: '0' file (default), '1' hard link, '2' symbolic link, '3' and '4' devices, '5' directory, '6' FIFO. */
  type?: string;
  link?: string;
  mode?: number;
  /** Major and minor number of a device. */
  device?: [number, number];
}

/** Writes a tar archive (ustar) by hand, so that archives nobody would write can be made as well. */
export function tar(entries: TarEntry[]): Buffer {
  const blocks = entries.map((entry) => {
    const content = Buffer.from(entry.content ?? '');
    const head = Buffer.alloc(512);
    const octal = (value: number, at: number, size: number) =>
      head.write(value.toString(8).padStart(size - 1, '0'), at);
    head.write(entry.name, 0, 100);
    octal(entry.mode ?? (entry.type === '5' ? 0o755 : 0o644), 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(content.length, 124, 12);
    octal(0, 136, 12);
    head.write(' '.repeat(8), 148);
    head.write(entry.type ?? '0', 156);
    head.write(entry.link ?? '', 157, 100);
    head.write('ustar\x0000', 257);
    octal(entry.device?.[0] ?? 0, 329, 8);
    octal(entry.device?.[1] ?? 0, 337, 8);
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return Buffer.concat([head, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export const digest = (data: Buffer | string): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

export interface TestImage {
  /** "name:tag"; none makes an image without a name. */
  tag?: string;
  /** Entries, or a layer's bytes as they are. */
  layers: (TarEntry[] | Buffer)[];
  config?: object;
}

/** An image's configuration over these uncompressed layers. */
export function imageConfig(image: TestImage, layers: Buffer[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : 'arm64',
      os: 'linux',
      created: '2024-05-06T07:08:09Z',
      config: { Env: ['PATH=/bin'], Cmd: ['sh'], ...image.config },
      rootfs: { type: 'layers', diff_ids: layers.map(digest) },
      history: layers.map(() => ({ created: '2024-05-06T07:08:09Z', created_by: 'test' })),
    }),
  );
}

/** An archive as `docker save` wrote it before it became an OCI layout. */
export function dockerArchive(image: TestImage): { archive: Buffer; id: string } {
  const layers = image.layers.map((layer) => (Buffer.isBuffer(layer) ? layer : tar(layer)));
  const config = imageConfig(image, layers);
  const id = digest(config);
  const names = layers.map((layer) => `${digest(layer).slice(7)}/layer.tar`);
  const manifest = [{ Config: `${id.slice(7)}.json`, RepoTags: image.tag ? [image.tag] : null, Layers: names }];
  const archive = tar([
    ...layers.map((content, i) => ({ name: names[i]!, content })),
    { name: `${id.slice(7)}.json`, content: config },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
  return { archive, id };
}

/** An OCI image layout with gzip layers; `tamper` may change a blob after its digest has been taken. */
export function ociLayout(
  image: TestImage,
  tamper: (blob: Buffer, kind: 'config' | 'layer' | 'manifest') => Buffer = (blob) => blob,
) {
  const layers = image.layers.map((layer) => (Buffer.isBuffer(layer) ? layer : tar(layer)));
  const config = imageConfig(image, layers);
  const blobs: TarEntry[] = [];
  const add = (kind: 'config' | 'layer' | 'manifest', mediaType: string, data: Buffer) => {
    blobs.push({ name: `blobs/sha256/${digest(data).slice(7)}`, content: tamper(data, kind) });
    return { mediaType, digest: digest(data), size: data.length };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: add('config', 'application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => add('layer', 'application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(layer))),
  };
  const descriptor = add('manifest', manifest.mediaType, Buffer.from(JSON.stringify(manifest)));
  const annotations = image.tag
    ? {
        'io.containerd.image.name': `docker.io/library/${image.tag}`,
        'org.opencontainers.image.ref.name': image.tag.split(':')[1],
      }
    : {};
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...descriptor, annotations }],
  };
  const archive = tar([
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: JSON.stringify(index) },
    ...blobs,
  ]);
  return { archive, id: digest(config) };
}
