/** The schema's history, in order; an entry that has been released is never changed. */
export const MIGRATIONS: readonly string[] = [
  `
  -- Bytes by digest, as registries and archives have them. The file is blobs/sha256/<hex>.
  CREATE TABLE blobs (
    digest     TEXT PRIMARY KEY,
    size       INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;

  -- Unpacked layers, one directory each: layers/<id>.
  CREATE TABLE layers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    chain_id   TEXT NOT NULL UNIQUE,
    diff_id    TEXT NOT NULL,
    size       INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;

  -- Images by the digest of their configuration, which is their id.
  CREATE TABLE images (
    id         TEXT PRIMARY KEY,
    config     TEXT NOT NULL,
    size       INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;

  -- The layers of an image, lowest first, each with the blob it came from.
  CREATE TABLE image_layers (
    image_id    TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    layer_id    INTEGER NOT NULL REFERENCES layers (id),
    blob_digest TEXT REFERENCES blobs (digest),
    PRIMARY KEY (image_id, position)
  ) STRICT;
  CREATE INDEX image_layers_layer ON image_layers (layer_id);

  CREATE TABLE tags (
    reference  TEXT PRIMARY KEY,
    image_id   TEXT NOT NULL REFERENCES images (id),
    updated_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX tags_image ON tags (image_id);

  -- Containers: what was asked for (config, host_config), what it stands on, what became of it (state). JSON columns
  -- hold what is only ever read whole.
  CREATE TABLE containers (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    image_id    TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    config      TEXT NOT NULL,
    host_config TEXT NOT NULL,
    state       TEXT NOT NULL
  ) STRICT;

  -- A container keeps the layers it stands on, also when its image is removed by force.
  CREATE TABLE container_layers (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    layer_id     INTEGER NOT NULL REFERENCES layers (id),
    PRIMARY KEY (container_id, position)
  ) STRICT;
  CREATE INDEX container_layers_layer ON container_layers (layer_id);
  `,
  `
  -- Volumes by name. The directory is volumes/<name>/_data.
  CREATE TABLE volumes (
    name       TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    labels     TEXT NOT NULL,
    options    TEXT NOT NULL
  ) STRICT;

  -- What is mounted into a container, as settled when it was created (JSON). NULL: only what host_config says.
  ALTER TABLE containers ADD COLUMN mounts TEXT;

  -- The layers of the images that are mounted into a container stay as long as it does.
  CREATE TABLE container_mount_layers (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    layer_id     INTEGER NOT NULL REFERENCES layers (id),
    PRIMARY KEY (container_id, layer_id)
  ) STRICT;
  CREATE INDEX container_mount_layers_layer ON container_mount_layers (layer_id);
  `,
  `
  -- What registries call an image: manifests and indexes by digest, the exact bytes.
  CREATE TABLE manifests (
    image_id   TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    digest     TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content    BLOB NOT NULL,
    PRIMARY KEY (image_id, digest)
  ) STRICT;
  `,
  `
  -- The ids of the host that a container with a range of its own has, for as long as it exists: the maps of its user namespace.
  CREATE TABLE container_users (
    container_id TEXT PRIMARY KEY REFERENCES containers (id) ON DELETE CASCADE,
    maps         TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- What steps of builds have made, by a digest of all that went into them.
  CREATE TABLE build_cache (
    key         TEXT PRIMARY KEY,
    image_id    TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    parent_id   TEXT NOT NULL,
    description TEXT NOT NULL,
    size        INTEGER NOT NULL,
    created_at  TEXT NOT NULL,
    used_at     TEXT NOT NULL,
    uses        INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX build_cache_image ON build_cache (image_id);

  -- Images that are between two steps, and nobody's result: lists do not show them.
  CREATE TABLE intermediate_images (
    image_id TEXT PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE
  ) STRICT;
  `,
  `
  -- Networks: driver, addresses, options, labels (JSON).
  CREATE TABLE networks (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    settings   TEXT NOT NULL
  ) STRICT;

  -- The networks that a container is in, with the addresses that it has or had there (JSON). NULL: only what host_config says.
  ALTER TABLE containers ADD COLUMN endpoints TEXT;
  `,
];
