import { invalid, notFound } from '@tinydocker/shared/errors.js';
import type { Db } from './database.js';

/** A part of the addresses of a network, in the words of the API. */
export interface IpamConfig {
  readonly subnet: string;
  /** '' where it was not given. */
  readonly ipRange: string;
  readonly gateway: string;
  /** Docker shows a gateway that was given, or that belongs to a subnet of its own choice. */
  readonly showGateway: boolean;
  /** Whether the subnet was asked for: only then may containers ask for addresses. */
  readonly asked: boolean;
  readonly auxiliary: Readonly<Record<string, string>> | null;
}

/** What containers are connected by. Never changed in place. */
export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  /** bridge, host, null, macvlan, ipvlan */
  readonly driver: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipam: {
    readonly driver: string;
    readonly options: Readonly<Record<string, string>> | null;
    readonly config: readonly IpamConfig[];
  };
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface Row {
  id: string;
  name: string;
  created_at: string;
  settings: string;
}

const statements = (db: Db) => ({
  insert: db.prepare('INSERT INTO networks (id, name, created_at, settings) VALUES (?, ?, ?, ?)'),
  update: db.prepare('UPDATE networks SET settings = ? WHERE id = ?'),
  remove: db.prepare('DELETE FROM networks WHERE id = ?'),
});

const settingsOf = ({ id: _id, name: _name, createdAt: _createdAt, ...settings }: NetworkRecord): string =>
  JSON.stringify(settings);

/** The networks, all of them in memory and every change written through, as the containers are. */
export class NetworkStore {
  readonly #sql: ReturnType<typeof statements>;
  readonly #byId = new Map<string, NetworkRecord>();
  readonly #byName = new Map<string, NetworkRecord>();

  constructor(db: Db) {
    this.#sql = statements(db);
    for (const row of db.prepare('SELECT * FROM networks ORDER BY created_at').all() as Row[]) {
      const settings = JSON.parse(row.settings) as Omit<NetworkRecord, 'id' | 'name' | 'createdAt'>;
      this.#keep({ ...settings, id: row.id, name: row.name, createdAt: row.created_at });
    }
  }

  #keep(network: NetworkRecord): void {
    this.#byId.set(network.id, network);
    this.#byName.set(network.name, network);
  }

  get(id: string): NetworkRecord | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): NetworkRecord | undefined {
    return this.#byName.get(name);
  }

  /** In the order of their creation. */
  list(): NetworkRecord[] {
    return [...this.#byId.values()];
  }

  /** By id, name or unique beginning of an id, in this order; undefined where there is none. @throws EngineError invalid */
  find(nameOrId: string): NetworkRecord | undefined {
    const exact = this.#byId.get(nameOrId) ?? this.#byName.get(nameOrId);
    if (exact || nameOrId === '') return exact;
    const found = this.list().filter(({ id }) => id.startsWith(nameOrId));
    if (found.length > 1)
      throw invalid(`network ${nameOrId} is ambiguous (${found.length} matches found based on ID prefix)`);
    return found[0];
  }

  /** @throws EngineError not-found, invalid */
  resolve(nameOrId: string): NetworkRecord {
    const found = this.find(nameOrId);
    if (!found) throw notFound(`network ${nameOrId} not found`);
    return found;
  }

  insert(network: NetworkRecord): void {
    this.#sql.insert.run(network.id, network.name, network.createdAt, settingsOf(network));
    this.#keep(network);
  }

  /** Other settings under the same id and name. */
  replace(network: NetworkRecord): void {
    this.#sql.update.run(settingsOf(network), network.id);
    this.#keep(network);
  }

  remove(id: string): void {
    this.#sql.remove.run(id);
    const network = this.#byId.get(id);
    this.#byId.delete(id);
    if (network) this.#byName.delete(network.name);
  }
}
