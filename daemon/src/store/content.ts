import type { Db } from './database.js';

/** An unpacked layer. The chain id names it together with all layers below it. */
export interface LayerRecord {
  readonly id: number;
  readonly chainId: string;
  readonly diffId: string;
  /** Bytes of its regular files, each counted once however many names it has. */
  readonly size: number;
}

interface LayerRow {
  id: number;
  chain_id: string;
  diff_id: string;
  size: number;
}

/** What is not to be dropped. */
export interface Held<K> {
  has(key: K): boolean;
}

const statements = (db: Db) => ({
  layer: db
    .prepare('INSERT INTO layers (chain_id, diff_id, size, created_at) VALUES (?, ?, ?, ?) RETURNING id')
    .pluck(),
  blob: db.prepare('INSERT INTO blobs VALUES (?, ?, ?)'),
  blobOf: db.prepare('SELECT blob_digest FROM image_layers WHERE layer_id = ? AND blob_digest IS NOT NULL').pluck(),
  unusedLayers: db
    .prepare(
      `SELECT id FROM layers WHERE id NOT IN (SELECT layer_id FROM image_layers)
       AND id NOT IN (SELECT layer_id FROM container_layers)
       AND id NOT IN (SELECT layer_id FROM container_mount_layers)
       ORDER BY id DESC`,
    )
    .pluck(),
  unusedBlobs: db
    .prepare(
      `SELECT digest FROM blobs WHERE digest NOT IN (SELECT blob_digest FROM image_layers WHERE blob_digest IS NOT NULL)`,
    )
    .pluck(),
  removeBlob: db.prepare('DELETE FROM blobs WHERE digest = ?'),
  replaceBlob: db.prepare('UPDATE image_layers SET blob_digest = ? WHERE blob_digest = ?'),
  removeLayer: db.prepare('DELETE FROM layers WHERE id = ?'),
});

/**
 * What lies on disk below the images: unpacked layers and blobs. Rows are added within the transaction that adds the image which
 * needs them; what neither an image nor a container refers to is garbage.
 */
export class ContentStore {
  readonly #sql: ReturnType<typeof statements>;
  readonly #byId = new Map<number, LayerRecord>();
  readonly #byChain = new Map<string, LayerRecord>();
  readonly #blobs = new Map<string, number>();

  constructor(db: Db) {
    this.#sql = statements(db);
    for (const row of db.prepare('SELECT * FROM layers').all() as LayerRow[]) {
      this.keepLayer({ id: row.id, chainId: row.chain_id, diffId: row.diff_id, size: row.size });
    }
    for (const row of db.prepare('SELECT digest, size FROM blobs').all() as { digest: string; size: number }[]) {
      this.keepBlob(row.digest, row.size);
    }
  }

  layer(id: number): LayerRecord | undefined {
    return this.#byId.get(id);
  }

  layerByChain(chainId: string): LayerRecord | undefined {
    return this.#byChain.get(chainId);
  }

  /** Whether there is a layer whose archive has this digest, plain or as it came. */
  isKnown(digest: string): boolean {
    return this.#blobs.has(digest) || [...this.#byId.values()].some(({ diffId }) => diffId === digest);
  }

  hasBlob(digest: string): boolean {
    return this.#blobs.has(digest);
  }

  /** Bytes of a blob; undefined where there is none. */
  blobSize(digest: string): number | undefined {
    return this.#blobs.get(digest);
  }

  /** The blob that a layer came from, for some image that has it. */
  blobOfLayer(id: number): string | undefined {
    return this.#sql.blobOf.get(id) as string | undefined;
  }

  /** A new row; the memory learns of it by keepLayer, once the transaction is through. */
  insertLayer(layer: Omit<LayerRecord, 'id'>, createdAt: string): LayerRecord {
    const id = this.#sql.layer.get(layer.chainId, layer.diffId, layer.size, createdAt) as number;
    return { ...layer, id };
  }

  keepLayer(layer: LayerRecord): void {
    this.#byId.set(layer.id, layer);
    this.#byChain.set(layer.chainId, layer);
  }

  insertBlob(digest: string, size: number, createdAt: string): void {
    this.#sql.blob.run(digest, size, createdAt);
  }

  keepBlob(digest: string, size: number): void {
    this.#blobs.set(digest, size);
  }

  /**
   * Forgets the layers that nothing refers to and returns them: their files may go now. One that a container took in
   * this moment is safe: its row cannot be deleted (foreign key).
   * @param held ids that somebody is about to use
   */
  dropUnusedLayers(held: Held<number>): LayerRecord[] {
    const unused = this.#sql.unusedLayers.all() as number[];
    const dropped = unused.filter((id) => !held.has(id)).map((id) => this.#byId.get(id)!);
    for (const { id, chainId } of dropped) {
      this.#sql.removeLayer.run(id);
      this.#byId.delete(id);
      this.#byChain.delete(chainId);
    }
    return dropped;
  }

  /**
   * Forgets the blobs that no image refers to and returns their digests.
   * @param held those that somebody is reading
   */
  dropUnusedBlobs(held: Held<string>): string[] {
    const dropped = (this.#sql.unusedBlobs.all() as string[]).filter((digest) => !held.has(digest));
    for (const digest of dropped) {
      this.#sql.removeBlob.run(digest);
      this.#blobs.delete(digest);
    }
    return dropped;
  }

  /** A blob whose file is in its place; no image refers to it yet. */
  addBlob(digest: string, size: number, createdAt: string): void {
    this.insertBlob(digest, size, createdAt);
    this.keepBlob(digest, size);
  }

  /** From here on the layers that came from the one blob come from the other, which holds the same in another form. */
  replaceBlob(digest: string, by: string): void {
    this.#sql.replaceBlob.run(by, digest);
  }

  layers(): LayerRecord[] {
    return [...this.#byId.values()];
  }

  blobs(): string[] {
    return [...this.#blobs.keys()];
  }
}
