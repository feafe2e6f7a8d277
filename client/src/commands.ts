import type { Command } from './command.js';

export type { Command, Context } from './command.js';

type Loader = () => Promise<{ command: Command }>;

/*
 * Every command and where it is. Only the module of the one that is called is run: the time a short command takes is
 * mostly that of loading it.
 */

const attach: Loader = () => import('./commands/container/attach.js');
const commit: Loader = () => import('./commands/container/commit.js');
const cp: Loader = () => import('./commands/container/cp.js');
const create: Loader = () => import('./commands/container/create.js');
const diff: Loader = () => import('./commands/container/diff.js');
const exec: Loader = () => import('./commands/container/exec.js');
const exportContainer: Loader = () => import('./commands/container/export.js');
const kill: Loader = () => import('./commands/container/kill.js');
const listContainers: Loader = () => import('./commands/container/ls.js');
const logs: Loader = () => import('./commands/container/logs.js');
const pause: Loader = () => import('./commands/container/pause.js');
const port: Loader = () => import('./commands/container/port.js');
const pruneContainers: Loader = () => import('./commands/container/prune.js');
const removeContainer: Loader = () => import('./commands/container/rm.js');
const rename: Loader = () => import('./commands/container/rename.js');
const restart: Loader = () => import('./commands/container/restart.js');
const run: Loader = () => import('./commands/container/run.js');
const start: Loader = () => import('./commands/container/start.js');
const stats: Loader = () => import('./commands/container/stats.js');
const steps: Loader = () => import('./commands/container/steps.js');
const stop: Loader = () => import('./commands/container/stop.js');
const top: Loader = () => import('./commands/container/top.js');
const unpause: Loader = () => import('./commands/container/unpause.js');
const update: Loader = () => import('./commands/container/update.js');
const wait: Loader = () => import('./commands/container/wait.js');
const inspectContainer: Loader = () => import('./commands/container/inspect.js');

const build: Loader = () => import('./commands/image/build.js');
const pruneBuilder: Loader = () => import('./commands/builder/prune.js');
const history: Loader = () => import('./commands/image/history.js');
const listImages: Loader = () => import('./commands/image/ls.js');
const importImage: Loader = () => import('./commands/image/import.js');
const load: Loader = () => import('./commands/image/load.js');
const pruneImages: Loader = () => import('./commands/image/prune.js');
const pull: Loader = () => import('./commands/image/pull.js');
const push: Loader = () => import('./commands/image/push.js');
const removeImage: Loader = () => import('./commands/image/rm.js');
const tag: Loader = () => import('./commands/image/tag.js');
const save: Loader = () => import('./commands/image/save.js');
const verifyImages: Loader = () => import('./commands/image/verify.js');
const inspectImage: Loader = () => import('./commands/image/inspect.js');

const connectNetwork: Loader = () => import('./commands/network/connect.js');
const createNetwork: Loader = () => import('./commands/network/create.js');
const disconnectNetwork: Loader = () => import('./commands/network/disconnect.js');
const inspectNetwork: Loader = () => import('./commands/network/inspect.js');
const listNetworks: Loader = () => import('./commands/network/ls.js');
const pruneNetworks: Loader = () => import('./commands/network/prune.js');
const removeNetwork: Loader = () => import('./commands/network/rm.js');
const traceNetwork: Loader = () => import('./commands/network/trace.js');
const login: Loader = () => import('./commands/registry/login.js');
const logout: Loader = () => import('./commands/registry/logout.js');
const search: Loader = () => import('./commands/registry/search.js');

const createVolume: Loader = () => import('./commands/volume/create.js');
const inspectVolume: Loader = () => import('./commands/volume/inspect.js');
const listVolumes: Loader = () => import('./commands/volume/ls.js');
const pruneVolumes: Loader = () => import('./commands/volume/prune.js');
const removeVolume: Loader = () => import('./commands/volume/rm.js');

const completion: Loader = () => import('./commands/system/completion.js');
const df: Loader = () => import('./commands/system/df.js');
const pruneSystem: Loader = () => import('./commands/system/prune.js');
const events: Loader = () => import('./commands/system/events.js');
const info: Loader = () => import('./commands/system/info.js');
const inspect: Loader = () => import('./commands/system/inspect.js');
const version: Loader = () => import('./commands/system/version.js');

export const TOP_LEVEL: Readonly<Record<string, Loader>> = {
  attach,
  build,
  commit,
  completion,
  cp,
  create,
  diff,
  events,
  exec,
  export: exportContainer,
  history,
  images: listImages,
  import: importImage,
  info,
  inspect,
  kill,
  load,
  login,
  logout,
  logs,
  pause,
  port,
  ps: listContainers,
  pull,
  push,
  rename,
  restart,
  rm: removeContainer,
  rmi: removeImage,
  run,
  save,
  search,
  start,
  stats,
  steps,
  stop,
  tag,
  top,
  unpause,
  update,
  version,
  wait,
};

export const NOUNS: Readonly<Record<string, { summary: string; verbs: Readonly<Record<string, Loader>> }>> = {
  builder: { summary: 'Manage builds', verbs: { build, prune: pruneBuilder } },
  container: {
    summary: 'Manage containers',
    verbs: {
      attach,
      commit,
      cp,
      create,
      diff,
      exec,
      export: exportContainer,
      inspect: inspectContainer,
      kill,
      list: listContainers,
      logs,
      ls: listContainers,
      pause,
      port,
      prune: pruneContainers,
      ps: listContainers,
      remove: removeContainer,
      rename,
      restart,
      rm: removeContainer,
      run,
      start,
      stats,
      steps,
      stop,
      top,
      unpause,
      update,
      wait,
    },
  },
  image: {
    summary: 'Manage images',
    verbs: {
      build,
      history,
      import: importImage,
      inspect: inspectImage,
      list: listImages,
      load,
      ls: listImages,
      prune: pruneImages,
      pull,
      push,
      remove: removeImage,
      rm: removeImage,
      save,
      tag,
      verify: verifyImages,
    },
  },
  network: {
    summary: 'Manage networks',
    verbs: {
      connect: connectNetwork,
      create: createNetwork,
      disconnect: disconnectNetwork,
      inspect: inspectNetwork,
      list: listNetworks,
      ls: listNetworks,
      prune: pruneNetworks,
      remove: removeNetwork,
      rm: removeNetwork,
      trace: traceNetwork,
    },
  },
  system: { summary: 'Manage the engine', verbs: { df, events, info, prune: pruneSystem } },
  volume: {
    summary: 'Manage volumes',
    verbs: {
      create: createVolume,
      inspect: inspectVolume,
      list: listVolumes,
      ls: listVolumes,
      prune: pruneVolumes,
      remove: removeVolume,
      rm: removeVolume,
    },
  },
};
