import type { Logger } from 'pino';
import type { Config } from './config.js';
import { LayerStore } from './image/layers.js';
import { PartialBlobs } from './image/partial.js';
import { Transport } from './image/registry/transport.js';
import { KeyedMutex } from './lib/mutex.js';
import { AddressBook } from './network/addresses.js';
import { NameRegistry } from './network/dns/registry.js';
import { Firewall } from './network/firewall.js';
import { chooseBackend } from './network/firewall-choice.js';
import type { Paths } from './paths.js';
import { AppArmor } from './runtime/apparmor.js';
import { SeccompFilters } from './runtime/seccomp-filters.js';
import { ShimRegistry } from './runtime/shims.js';
import { UserMaps } from './runtime/user-maps.js';
import { ContainerDirectories } from './services/containers/directories.js';
import { RestartTimers } from './services/containers/restart-timers.js';
import { ContainerTrash } from './services/containers/trash.js';
import { EventBus } from './services/events.js';
import { BuildCacheStore } from './store/build-cache.js';
import { ContainerStore } from './store/containers.js';
import { openDatabase } from './store/database.js';
import { ImageStore } from './store/images.js';
import { NetworkStore } from './store/networks.js';
import { VolumeStore } from './store/volumes.js';
import { VolumeHolds } from './volume/holds.js';

/** Everything that use cases are given; each names the few that it needs with Pick. */
export interface Deps {
  readonly config: Config;
  readonly paths: Paths;
  readonly log: Logger;
  readonly containers: ContainerStore;
  readonly images: ImageStore;
  readonly buildCache: BuildCacheStore;
  readonly layers: LayerStore;
  readonly partial: PartialBlobs;
  readonly registries: Transport;
  readonly volumes: VolumeStore;
  readonly holds: VolumeHolds;
  readonly users: UserMaps;
  readonly networks: NetworkStore;
  readonly addresses: AddressBook;
  readonly firewall: Firewall;
  readonly names: NameRegistry;
  readonly shims: ShimRegistry;
  readonly restarts: RestartTimers;
  readonly events: EventBus;
  readonly locks: KeyedMutex;
  readonly trash: ContainerTrash;
  readonly directories: ContainerDirectories;
  readonly seccomp: SeccompFilters;
  readonly apparmor: AppArmor;
  /** Closes the store. */
  close(): void;
}

/** Constructs it all, from the bottom up. */
export function createDeps(config: Config, paths: Paths, log: Logger): Deps {
  const db = openDatabase(paths.database);
  const buildCache = new BuildCacheStore(db);
  const containers = new ContainerStore(db, (error) => log.error({ err: error }, 'store the state of a container'));
  const trash = new ContainerTrash(paths.trash, log);
  const firewall = createFirewall(config, paths, log);
  return {
    config,
    paths,
    log,
    containers,
    images: new ImageStore(db),
    buildCache,
    layers: new LayerStore(paths),
    partial: new PartialBlobs(paths),
    registries: new Transport(),
    volumes: new VolumeStore(db),
    holds: new VolumeHolds(),
    users: new UserMaps(config.usernsRemap, config.usernsPool),
    networks: new NetworkStore(db),
    addresses: new AddressBook(),
    firewall,
    names: new NameRegistry(),
    shims: new ShimRegistry(),
    restarts: new RestartTimers(),
    events: new EventBus(),
    locks: new KeyedMutex(),
    trash,
    seccomp: new SeccompFilters(paths.seccomp),
    apparmor: new AppArmor(paths.apparmor),
    directories: new ContainerDirectories(paths.spare, trash),
    close() {
      firewall.close();
      containers.flush();
      buildCache.flush();
      db.close();
    },
  };
}

function createFirewall({ instance, network }: Config, paths: Paths, log: Logger): Firewall {
  const { firewallBackend, forward, ip6tables, iptables, masquerade } = network;
  return new Firewall({
    instance,
    backend: () => chooseBackend({ instance, backend: firewallBackend, enabled: iptables, ipv6: ip6tables }),
    stateFile: paths.forwarding,
    forward,
    masquerade,
    ipv6: ip6tables,
    log,
  });
}
