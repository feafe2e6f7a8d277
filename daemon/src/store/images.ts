import { parseReference, referenceKey, tryParseReference } from '@tinydocker/shared/reference.js';
import type { OciImage } from '../lib/oci-image.js';
import { ContentStore, type LayerRecord } from './content.js';
import type { Db } from './database.js';

export type { OciImage } from '../lib/oci-image.js';

/** One image. Never changed in place: every change makes a new record, so that a reader keeps what it has read. */
export interface ImageRecord {
  /** `sha256:<hex>`: the digest of its configuration. */
  readonly id: string;
  readonly config: OciImage;
  /** Bytes of all its layers, unpacked. */
  readonly size: number;
  /** When it came into this store, RFC 3339. */
  readonly createdAt: string;
  /** Canonical references, sorted. */
  readonly tags: readonly string[];
  /** The same with the digests that registries have it under: `docker.io/library/busybox@sha256:<hex>`. */
  readonly digests: readonly string[];
  /** When it was last given a name, RFC 3339; undefined when it has none. */
  readonly lastTagTime: string | undefined;
  /** Layer ids, lowest first. */
  readonly layers: readonly number[];
}

/** A layer of an image to be inserted, with the blob that it came from. */
export interface NewLayer {
  readonly chainId: string;
  readonly diffId: string;
  readonly size: number;
  readonly blob: { readonly digest: string; readonly size: number };
}

export interface NewImage {
  /** The digest of `config`. */
  readonly id: string;
  /** The exact text of the configuration. */
  readonly config: string;
  readonly createdAt: string;
  readonly layers: readonly NewLayer[];
  /** It is only between two steps of a build. */
  readonly intermediate?: boolean;
}

/** What a registry calls an image: the exact bytes of which its digest is. */
export interface ImageManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

/** Puts the files of new rows into place, within the transaction: if it throws, there are no rows. */
export interface Placement {
  layer(id: number, layer: NewLayer): void;
  blob(layer: NewLayer): void;
}

interface Row {
  id: string;
  config: string;
  size: number;
  created_at: string;
}

const ID = /^(?:sha256:)?([0-9a-f]{1,64})$/;

/** Names with a tag and names with a digest are kept in one table: none can be the other. */
const isDigestName = (reference: string): boolean => reference.includes('@');

const statements = (db: Db) => ({
  insert: db.prepare('INSERT INTO images VALUES (?, ?, ?, ?)'),
  layer: db.prepare('INSERT INTO image_layers VALUES (?, ?, ?, ?)'),
  config: db.prepare('SELECT config FROM images WHERE id = ?').pluck(),
  remove: db.prepare('DELETE FROM images WHERE id = ?'),
  tag: db.prepare('INSERT OR REPLACE INTO tags VALUES (?, ?, ?)'),
  untag: db.prepare('DELETE FROM tags WHERE reference = ?'),
  manifest: db.prepare('INSERT OR IGNORE INTO manifests VALUES (?, ?, ?, ?)'),
  manifests: db.prepare('SELECT digest, media_type, content FROM manifests WHERE image_id = ? ORDER BY rowid DESC'),
  blobs: db.prepare('SELECT blob_digest FROM image_layers WHERE image_id = ? ORDER BY position').pluck(),
  hide: db.prepare('INSERT OR IGNORE INTO intermediate_images VALUES (?)'),
  show: db.prepare('DELETE FROM intermediate_images WHERE image_id = ?'),
});

/**
 * The images and their names, all of them in memory and every change written through to the store: reads cost no SQL.
 */
export class ImageStore {
  /** The layers and blobs that the images are made of. */
  readonly content: ContentStore;
  readonly #sql: ReturnType<typeof statements>;
  readonly #transaction: <T>(work: () => T) => T;
  readonly #byId = new Map<string, ImageRecord>();
  /** Canonical reference to image id and the time of tagging. */
  readonly #byTag = new Map<string, { id: string; updatedAt: string }>();
  readonly #intermediate = new Set<string>();

  constructor(db: Db) {
    this.content = new ContentStore(db);
    this.#sql = statements(db);
    this.#transaction = (work) => db.transaction(work)();
    this.#load(db);
  }

  #load(db: Db): void {
    const layers = new Map<string, number[]>();
    const layerRows = db.prepare('SELECT image_id, layer_id FROM image_layers ORDER BY image_id, position');
    for (const row of layerRows.all() as { image_id: string; layer_id: number }[]) {
      const list = layers.get(row.image_id);
      if (list) list.push(row.layer_id);
      else layers.set(row.image_id, [row.layer_id]);
    }
    for (const row of db.prepare('SELECT * FROM images ORDER BY created_at').all() as Row[]) {
      this.#byId.set(row.id, {
        id: row.id,
        config: JSON.parse(row.config) as OciImage,
        size: row.size,
        createdAt: row.created_at,
        tags: [],
        digests: [],
        lastTagTime: undefined,
        layers: layers.get(row.id) ?? [],
      });
    }
    const tagRows = db.prepare('SELECT reference, image_id, updated_at FROM tags').all();
    for (const row of tagRows as { reference: string; image_id: string; updated_at: string }[]) {
      this.#byTag.set(row.reference, { id: row.image_id, updatedAt: row.updated_at });
    }
    for (const id of this.#byId.keys()) this.#refreshTags(id);
    const hidden = db.prepare('SELECT image_id FROM intermediate_images').pluck().all() as string[];
    for (const id of hidden) this.#intermediate.add(id);
  }

  #refreshTags(id: string): void {
    const record = this.#byId.get(id);
    if (!record) return;
    const mine = [...this.#byTag].filter(([, tag]) => tag.id === id);
    const names = mine.map(([reference]) => reference).sort();
    const tags = names.filter((reference) => !isDigestName(reference));
    const times = tags.map((reference) => this.#byTag.get(reference)!.updatedAt).sort();
    this.#byId.set(id, { ...record, tags, digests: names.filter(isDigestName), lastTagTime: times.at(-1) });
  }

  get(id: string): ImageRecord | undefined {
    return this.#byId.get(id);
  }

  /** The image that has a canonical reference. */
  byTag(reference: string): ImageRecord | undefined {
    const tag = this.#byTag.get(reference);
    return tag && this.#byId.get(tag.id);
  }

  /** In the order in which they came; without those between two steps of a build. */
  list(): ImageRecord[] {
    return this.all().filter(({ id }) => !this.#intermediate.has(id));
  }

  /** The same with those between two steps of a build. */
  all(): ImageRecord[] {
    return [...this.#byId.values()];
  }

  isIntermediate(id: string): boolean {
    return this.#intermediate.has(id);
  }

  /** Whether an image is only between two steps of a build, or somebody's result. */
  setIntermediate(id: string, intermediate: boolean): void {
    if (intermediate === this.#intermediate.has(id)) return;
    if (intermediate) this.#sql.hide.run(id);
    else this.#sql.show.run(id);
    if (intermediate) this.#intermediate.add(id);
    else this.#intermediate.delete(id);
  }

  /**
   * By reference, by id with or without `sha256:`, or by the beginning of an id that is the beginning of no other: a name
   * goes before the beginning of an id, as with Docker. Undefined where there is none, or several.
   * @throws EngineError invalid: neither a reference nor an id
   */
  resolve(nameOrId: string): ImageRecord | undefined {
    const hex = ID.exec(nameOrId)?.[1];
    if (hex?.length === 64) return this.#byId.get(`sha256:${hex}`);
    const reference = hex === undefined ? parseReference(nameOrId) : tryParseReference(nameOrId);
    const named = reference && this.byTag(referenceKey(reference));
    if (named || hex === undefined) return named;
    let found: ImageRecord | undefined;
    for (const [id, record] of this.#byId) {
      if (!id.startsWith(hex, 'sha256:'.length)) continue;
      if (found) return undefined;
      found = record;
    }
    return found;
  }

  /** The exact text of an image's configuration, whose digest is its id. */
  configText(id: string): string | undefined {
    return this.#sql.config.get(id) as string | undefined;
  }

  /**
   * Adds an image with the layers and blobs that are not there yet, all or nothing; `placement` puts the files of those
   * into place. An image that is there already stays as it is.
   */
  insert(image: NewImage, placement: Placement): ImageRecord {
    const present = this.#byId.get(image.id);
    if (present) return present;
    const newLayers: LayerRecord[] = [];
    const newBlobs = new Map<string, number>();
    const layers = this.#transaction(() => {
      const all = image.layers.map((layer) => {
        const have = this.content.layerByChain(layer.chainId);
        if (have)
          return {
            record: have,
            blob: this.content.blobOfLayer(have.id) ?? this.#addBlob(layer, newBlobs, image, placement),
          };
        const { chainId, diffId, size } = layer;
        const record = this.content.insertLayer({ chainId, diffId, size }, image.createdAt);
        newLayers.push(record);
        placement.layer(record.id, layer);
        return { record, blob: this.#addBlob(layer, newBlobs, image, placement) };
      });
      const size = all.reduce((sum, { record }) => sum + record.size, 0);
      this.#sql.insert.run(image.id, image.config, size, image.createdAt);
      for (const [position, { record, blob }] of all.entries())
        this.#sql.layer.run(image.id, position, record.id, blob);
      if (image.intermediate) this.#sql.hide.run(image.id);
      return all.map(({ record }) => record);
    });
    for (const layer of newLayers) this.content.keepLayer(layer);
    for (const [digest, size] of newBlobs) this.content.keepBlob(digest, size);
    const record: ImageRecord = {
      id: image.id,
      config: JSON.parse(image.config) as OciImage,
      size: layers.reduce((sum, layer) => sum + layer.size, 0),
      createdAt: image.createdAt,
      tags: [],
      digests: [],
      lastTagTime: undefined,
      layers: layers.map((layer) => layer.id),
    };
    this.#byId.set(record.id, record);
    if (image.intermediate) this.#intermediate.add(record.id);
    return record;
  }

  #addBlob(layer: NewLayer, added: Map<string, number>, image: NewImage, placement: Placement): string {
    const { digest, size } = layer.blob;
    if (this.content.hasBlob(digest) || added.has(digest)) return digest;
    this.content.insertBlob(digest, size, image.createdAt);
    added.set(digest, size);
    placement.blob(layer);
    return digest;
  }

  /** Keeps what a registry calls an image, as long as the image is there. */
  addManifest(id: string, { digest, mediaType, content }: ImageManifest): void {
    this.#sql.manifest.run(id, digest, mediaType, content);
  }

  /** All that is kept of what registries call an image, the newest first. */
  manifests(id: string): ImageManifest[] {
    const rows = this.#sql.manifests.all(id) as { digest: string; media_type: string; content: Buffer }[];
    return rows.map(({ digest, media_type, content }) => ({ digest, mediaType: media_type, content }));
  }

  /** The blobs of an image's layers, lowest first. */
  blobs(id: string): string[] {
    return this.#sql.blobs.all(id) as string[];
  }

  /** Gives an image a name, with a tag or a digest; returns the id of the image that had it before, if another one. */
  tag(reference: string, id: string, updatedAt: string): string | undefined {
    const before = this.#byTag.get(reference)?.id;
    this.setIntermediate(id, false);
    this.#sql.tag.run(reference, id, updatedAt);
    this.#byTag.set(reference, { id, updatedAt });
    this.#refreshTags(id);
    if (before === undefined || before === id) return undefined;
    this.#refreshTags(before);
    return before;
  }

  untag(reference: string): void {
    const before = this.#byTag.get(reference)?.id;
    if (before === undefined) return;
    this.#sql.untag.run(reference);
    this.#byTag.delete(reference);
    this.#refreshTags(before);
  }

  /** Removes an image and its names. Its layers and blobs are garbage where nothing else refers to them. */
  remove(id: string): void {
    const record = this.#byId.get(id);
    if (!record) return;
    const names = [...record.tags, ...record.digests];
    this.#transaction(() => {
      for (const reference of names) this.#sql.untag.run(reference);
      this.#sql.remove.run(id);
    });
    for (const reference of names) this.#byTag.delete(reference);
    this.#intermediate.delete(id);
    this.#byId.delete(id);
  }
}
