import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import tar, { type Header } from 'tar-stream';
import type { LayerPaths } from './layers.js';

/* What the tests of images make archives of. */

export type Entry = [Partial<Header> & { name: string }, (string | Buffer)?];

export async function makeTar(entries: readonly Entry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const [header, data] of entries) pack.entry(header, data ?? '');
  pack.finalize();
  return buffer(pack);
}

export const digestOf = (data: string | Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

/** A configuration with these layers (plain tars). */
export const configFor = (layers: readonly Buffer[], more: object = {}): string =>
  JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
    ...more,
  });

/** What `docker save` writes, in its older form, as entries to be changed. */
export function dockerEntries(config: string, layers: readonly Buffer[], tags: string[] = []): Entry[] {
  const names = layers.map((_, i) => `${i}/layer.tar`);
  return [
    ...layers.map((layer, i): Entry => [{ name: names[i]! }, layer]),
    [{ name: 'config.json' }, config],
    [{ name: 'manifest.json' }, JSON.stringify([{ Config: 'config.json', RepoTags: tags, Layers: names }])],
  ];
}

const blobName = (data: string | Buffer) => `blobs/sha256/${digestOf(data).slice('sha256:'.length)}`;
const descriptor = (mediaType: string, data: string | Buffer) => ({
  mediaType,
  digest: digestOf(data),
  size: Buffer.byteLength(data),
});

export const OCI = 'application/vnd.oci.image';

/** An OCI image layout as entries to be changed; `blobs` are the layers as they are stored. */
export function ociEntries(config: string, blobs: readonly Buffer[], name?: string, compression = ''): Entry[] {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: descriptor(`${OCI}.config.v1+json`, config),
    layers: blobs.map((blob) => descriptor(`${OCI}.layer.v1.tar${compression}`, blob)),
  });
  const annotations = name === undefined ? {} : { 'org.opencontainers.image.ref.name': name };
  const manifests = [{ ...descriptor(`${OCI}.manifest.v1+json`, manifest), annotations }];
  return [
    ...[config, manifest, ...blobs].map((data): Entry => [{ name: blobName(data) }, data]),
    [{ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}'],
    [{ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests })],
  ];
}

/** As a request's body arrives: in pieces that are no round number. */
export async function* inPieces(data: Buffer, size = 10_007): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

/** A data root of its own. */
export interface Scratch extends LayerPaths {
  readonly root: string;
  readonly blobs: string;
  blob(digest: string): string;
  remove(): void;
}

export function makeScratch(): Scratch {
  const root = mkdtempSync(join(tmpdir(), 'td-image-'));
  return {
    root,
    layers: join(root, 'layers'),
    ingest: join(root, 'ingest'),
    trash: join(root, 'trash'),
    blobs: join(root, 'blobs'),
    layer: (id) => join(root, 'layers', String(id)),
    blob: (digest) => join(root, 'blobs', digest.slice('sha256:'.length)),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
