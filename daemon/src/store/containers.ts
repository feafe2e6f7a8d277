import type { ContainerConfig, Health, HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid, notFound } from '@tinydocker/shared/errors.js';
import { type Endpoint, endpointsOfMode } from '../lib/endpoint.js';
import type { UserMap } from '../lib/id-map.js';
import type { ContainerMount } from '../lib/mount.js';
import type { Db } from './database.js';

export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** What has become of a container. Times are RFC 3339 with nanoseconds, ZERO_TIME where there is none. */
export interface ContainerState {
  readonly status: ContainerStatus;
  /** Of its init, in the daemon's pid namespace; 0 when it does not run. */
  readonly pid: number;
  /** Of that process, in clock ticks since boot: pid and start time together name it for good. */
  readonly startTime: number;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** How often its restart policy has started it since somebody did. */
  readonly restartCount: number;
  /** Somebody has asked for its end since it was last started. */
  readonly manuallyStopped?: boolean;
  /** Of what has a health check: what came of the last ones. */
  readonly health?: Health;
  /** Of one that runs: its ports that are published, and by its place in which network. */
  readonly published?: PublishedState;
}

/** As network/ports.ts has them. */
export interface PublishedState {
  readonly networkId: string;
  readonly ports: readonly {
    readonly protocol: 'tcp' | 'udp' | 'sctp';
    readonly port: number;
    readonly hostIp: string;
    readonly hostPort: number;
  }[];
}

/** One container. Never changed in place: every change makes a new record, so that a reader keeps what it has read. */
export interface ContainerRecord {
  readonly id: string;
  /** Without the slash that the API puts before it. */
  readonly name: string;
  readonly imageId: string;
  /** The image's name as it was asked for. */
  readonly image: string;
  readonly createdAt: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly state: ContainerState;
  /** Layer ids, lowest first. */
  readonly layers: readonly number[];
  /** What is mounted into it; undefined where it is from before mounts were stored: see services/containers/mounts.ts. */
  readonly mounts?: readonly ContainerMount[];
  /** The ids of the host that are its own, and no other container's. */
  readonly users?: UserMap;
  /** The networks it is in, in the order in which it was given them. */
  readonly endpoints?: readonly Endpoint[];
}

/** Told after a change: what it is now (undefined: removed) and what it was. */
export type ContainerWatcher = (now: ContainerRecord | undefined, before: ContainerRecord) => void;

/** ms after which a state that could not be written is tried again. */
const TRY_AGAIN_AFTER = 5000;

interface Row {
  id: string;
  name: string;
  image_id: string;
  created_at: string;
  config: string;
  host_config: string;
  state: string;
  mounts: string | null;
  endpoints: string | null;
}

const statements = (db: Db) => ({
  insert: db.prepare(
    'INSERT INTO containers VALUES (@id, @name, @imageId, @createdAt, @config, @hostConfig, @state, @mounts, @endpoints)',
  ),
  layer: db.prepare('INSERT INTO container_layers VALUES (?, ?, ?)'),
  mountLayer: db.prepare('INSERT OR IGNORE INTO container_mount_layers VALUES (?, ?)'),
  users: db.prepare('INSERT INTO container_users VALUES (?, ?)'),
  mounts: db.prepare('UPDATE containers SET mounts = ? WHERE id = ?'),
  endpoints: db.prepare('UPDATE containers SET endpoints = ? WHERE id = ?'),
  state: db.prepare('UPDATE containers SET state = ? WHERE id = ?'),
  hostConfig: db.prepare('UPDATE containers SET host_config = ? WHERE id = ?'),
  name: db.prepare('UPDATE containers SET name = ? WHERE id = ?'),
  remove: db.prepare('DELETE FROM containers WHERE id = ?'),
});

/**
 * The containers, all of them in memory and every change written through to the store: reads cost no SQL and wait for no
 * one. Watchers are told of every change after it is stored.
 */
export class ContainerStore {
  readonly #sql: ReturnType<typeof statements>;
  readonly #insert: (record: ContainerRecord) => void;
  readonly #byId = new Map<string, ContainerRecord>();
  readonly #byName = new Map<string, string>();
  readonly #watchers = new Map<string, Set<ContainerWatcher>>();
  readonly #observers: ContainerWatcher[] = [];
  /** Containers whose state is to be written. */
  readonly #observed = new Set<string>();
  readonly #report: (error: unknown) => void;

  /** `report` is told what keeps an observed state from being written. */
  constructor(db: Db, report: (error: unknown) => void = () => {}) {
    this.#report = report;
    this.#sql = statements(db);
    this.#insert = db.transaction((record: ContainerRecord) => {
      this.#sql.insert.run({
        id: record.id,
        name: record.name,
        imageId: record.imageId,
        createdAt: record.createdAt,
        config: JSON.stringify(record.config),
        hostConfig: JSON.stringify(record.hostConfig),
        state: JSON.stringify(record.state),
        mounts: record.mounts ? JSON.stringify(record.mounts) : null,
        endpoints: record.endpoints ? JSON.stringify(record.endpoints) : null,
      });
      for (const [position, layer] of record.layers.entries()) this.#sql.layer.run(record.id, position, layer);
      if (record.users) this.#sql.users.run(record.id, JSON.stringify(record.users));
      for (const mount of record.mounts ?? [])
        for (const layer of mount.layers ?? []) this.#sql.mountLayer.run(record.id, layer);
    });
    this.#load(db);
  }

  #load(db: Db): void {
    const layers = new Map<string, number[]>();
    const layerRows = db.prepare('SELECT container_id, layer_id FROM container_layers ORDER BY container_id, position');
    for (const row of layerRows.all() as { container_id: string; layer_id: number }[]) {
      const list = layers.get(row.container_id);
      if (list) list.push(row.layer_id);
      else layers.set(row.container_id, [row.layer_id]);
    }
    const users = new Map<string, UserMap>();
    const userRows = db.prepare('SELECT container_id, maps FROM container_users');
    for (const row of userRows.all() as { container_id: string; maps: string }[])
      users.set(row.container_id, JSON.parse(row.maps) as UserMap);
    for (const row of db.prepare('SELECT * FROM containers ORDER BY created_at').all() as Row[]) {
      const config = JSON.parse(row.config) as ContainerConfig;
      this.#keep({
        id: row.id,
        name: row.name,
        imageId: row.image_id,
        image: config.Image ?? '',
        createdAt: row.created_at,
        config,
        hostConfig: JSON.parse(row.host_config) as HostConfig,
        state: JSON.parse(row.state) as ContainerState,
        layers: layers.get(row.id) ?? [],
        ...(users.has(row.id) && { users: users.get(row.id) }),
        ...(row.mounts !== null && { mounts: JSON.parse(row.mounts) as ContainerMount[] }),
        endpoints: row.endpoints
          ? (JSON.parse(row.endpoints) as Endpoint[])
          : endpointsOfMode((JSON.parse(row.host_config) as HostConfig).NetworkMode),
      });
    }
  }

  #keep(record: ContainerRecord): void {
    this.#byId.set(record.id, record);
    this.#byName.set(record.name, record.id);
  }

  #tell(id: string, now: ContainerRecord | undefined, before: ContainerRecord): void {
    for (const watcher of [...(this.#watchers.get(id) ?? [])]) watcher(now, before);
    for (const observer of this.#observers) observer(now, before);
  }

  get(id: string): ContainerRecord | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): ContainerRecord | undefined {
    const id = this.#byName.get(name);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** In the order of their creation. */
  list(): ContainerRecord[] {
    return [...this.#byId.values()];
  }

  findByImage(imageId: string): ContainerRecord[] {
    return this.list().filter((record) => record.imageId === imageId);
  }

  /**
   * By id, name (with or without its slash) or unique beginning of an id, in this order.
   * @throws EngineError not-found; invalid where several ids begin so
   */
  resolve(nameOrId: string): ContainerRecord {
    const exact = this.#byId.get(nameOrId) ?? this.byName(nameOrId.startsWith('/') ? nameOrId.slice(1) : nameOrId);
    if (exact) return exact;
    let found: ContainerRecord | undefined;
    if (/^[0-9a-f]{1,63}$/.test(nameOrId)) {
      for (const [id, record] of this.#byId) {
        if (!id.startsWith(nameOrId)) continue;
        if (found) throw invalid(`multiple IDs found with provided prefix: ${nameOrId}`);
        found = record;
      }
    }
    if (!found) throw notFound(`No such container: ${nameOrId}`);
    return found;
  }

  insert(record: ContainerRecord): void {
    this.#insert(record);
    this.#keep(record);
  }

  /**
   * Changes parts of the state. Memory is changed and watchers are told also when the store cannot be written, so that a full
   * disk does not leave a dead container running here; the error is thrown after that.
   */
  setState(id: string, change: Partial<ContainerState>): ContainerRecord {
    const { now, before } = this.#change(id, change);
    try {
      this.#write(now);
    } finally {
      this.#tell(id, now, before);
    }
    return now;
  }

  /**
   * Changes parts of the state that the container's shim, or the file in which it says how the container ended, tells as well.
   * They are written when what is at hand is done, so that no answer waits for it.
   */
  observeState(id: string, change: Partial<ContainerState>): ContainerRecord {
    const { now, before } = this.#change(id, change);
    if (this.#observed.size === 0) setImmediate(() => this.flush());
    this.#observed.add(id);
    this.#tell(id, now, before);
    return now;
  }

  /** Writes the states that have been observed. What cannot be written now is tried again. */
  flush(): void {
    for (const id of this.#observed) {
      const record = this.#byId.get(id);
      try {
        if (record) this.#write(record);
      } catch (error) {
        this.#report(error);
      }
    }
    if (this.#observed.size > 0) setTimeout(() => this.flush(), TRY_AGAIN_AFTER).unref();
  }

  #change(id: string, change: Partial<ContainerState>): { now: ContainerRecord; before: ContainerRecord } {
    const before = this.#byId.get(id);
    if (!before) throw notFound(`No such container: ${id}`);
    const now = { ...before, state: { ...before.state, ...change } };
    this.#byId.set(id, now);
    return { now, before };
  }

  #write(record: ContainerRecord): void {
    this.#sql.state.run(JSON.stringify(record.state), record.id);
    this.#observed.delete(record.id);
  }

  /** Changes how it is to be run; stored before it is so in memory. */
  setHostConfig(id: string, hostConfig: HostConfig): ContainerRecord {
    const before = this.#byId.get(id);
    if (!before) throw notFound(`No such container: ${id}`);
    this.#sql.hostConfig.run(JSON.stringify(hostConfig), id);
    const now = { ...before, hostConfig };
    this.#byId.set(id, now);
    this.#tell(id, now, before);
    return now;
  }

  /** Another word on the mounts it has had from its creation: a volume that was filled is not to be filled again. */
  setMounts(id: string, mounts: readonly ContainerMount[]): ContainerRecord {
    const before = this.#byId.get(id);
    if (!before) throw notFound(`No such container: ${id}`);
    this.#sql.mounts.run(JSON.stringify(mounts), id);
    const now = { ...before, mounts };
    this.#byId.set(id, now);
    return now;
  }

  /** The networks it is in, and its places there: stored before anything of them is made. */
  setEndpoints(id: string, endpoints: readonly Endpoint[]): ContainerRecord {
    const before = this.#byId.get(id);
    if (!before) throw notFound(`No such container: ${id}`);
    this.#sql.endpoints.run(JSON.stringify(endpoints), id);
    const now = { ...before, endpoints };
    this.#byId.set(id, now);
    this.#tell(id, now, before);
    return now;
  }

  rename(id: string, name: string): ContainerRecord {
    const before = this.#byId.get(id);
    if (!before) throw notFound(`No such container: ${id}`);
    this.#sql.name.run(name, id);
    const now = { ...before, name };
    this.#byName.delete(before.name);
    this.#keep(now);
    this.#tell(id, now, before);
    return now;
  }

  remove(id: string): void {
    const before = this.#byId.get(id);
    if (!before) return;
    this.#sql.remove.run(id);
    this.#observed.delete(id);
    this.#byId.delete(id);
    this.#byName.delete(before.name);
    this.#tell(id, undefined, before);
    this.#watchers.delete(id);
  }

  /** Calls `observer` at every change of every container, as long as there is a daemon. */
  observe(observer: ContainerWatcher): void {
    this.#observers.push(observer);
  }

  /** Calls `watcher` at every change of one container until the returned function is called. */
  watch(id: string, watcher: ContainerWatcher): () => void {
    const set = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, set);
    set.add(watcher);
    return () => {
      set.delete(watcher);
      if (set.size === 0 && this.#watchers.get(id) === set) this.#watchers.delete(id);
    };
  }
}
