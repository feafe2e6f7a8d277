import type { Verb } from './command.js';

type Load = () => Promise<Verb>;

/** Every verb by its docker name; loaded when it is used. */
export const VERBS: Readonly<Record<string, { summary: string; load: Load }>> = {
  run: {
    summary: 'Create and run a new container from an image',
    load: async () => (await import('./commands/containers/run.js')).run,
  },
  exec: {
    summary: 'Execute a command in a running container',
    load: async () => (await import('./commands/containers/exec.js')).exec,
  },
  ps: { summary: 'List containers', load: async () => (await import('./commands/containers/list.js')).list },
  create: {
    summary: 'Create a new container',
    load: async () => (await import('./commands/containers/create.js')).create,
  },
  start: {
    summary: 'Start one or more stopped containers',
    load: async () => (await import('./commands/containers/start.js')).start,
  },
  stop: {
    summary: 'Stop one or more running containers',
    load: async () => (await import('./commands/containers/stop.js')).stop,
  },
  restart: {
    summary: 'Restart one or more containers',
    load: async () => (await import('./commands/containers/restart.js')).restart,
  },
  kill: {
    summary: 'Kill one or more running containers',
    load: async () => (await import('./commands/containers/kill.js')).kill,
  },
  rm: {
    summary: 'Remove one or more containers',
    load: async () => (await import('./commands/containers/remove.js')).remove,
  },
  rename: { summary: 'Rename a container', load: async () => (await import('./commands/containers/rename.js')).rename },
  logs: {
    summary: 'Fetch the logs of a container',
    load: async () => (await import('./commands/containers/logs.js')).logs,
  },
  attach: {
    summary: 'Attach to a running container',
    load: async () => (await import('./commands/containers/attach.js')).attach,
  },
  wait: {
    summary: 'Block until containers stop, then print their exit codes',
    load: async () => (await import('./commands/containers/wait.js')).wait,
  },
  steps: {
    summary: 'Show what the engine asked of the kernel to start a container',
    load: async () => (await import('./commands/containers/steps.js')).steps,
  },
  inspect: {
    summary: 'Return low-level information on containers and images',
    load: async () => (await import('./commands/system/inspect.js')).inspect,
  },
  images: { summary: 'List images', load: async () => (await import('./commands/images/list.js')).list },
  load: {
    summary: 'Load images from an archive or STDIN',
    load: async () => (await import('./commands/images/load.js')).load,
  },
  rmi: { summary: 'Remove one or more images', load: async () => (await import('./commands/images/remove.js')).remove },
  tag: { summary: 'Give an image another name', load: async () => (await import('./commands/images/tag.js')).tag },
  events: {
    summary: 'Get real time events from the engine',
    load: async () => (await import('./commands/system/events.js')).events,
  },
  version: {
    summary: 'Show the version of client and engine',
    load: async () => (await import('./commands/system/version.js')).version,
  },
  info: {
    summary: 'Display information on the engine and its host',
    load: async () => (await import('./commands/system/info.js')).info,
  },
};

const containers = [
  'run',
  'exec',
  'create',
  'start',
  'stop',
  'restart',
  'kill',
  'rm',
  'rename',
  'logs',
  'attach',
  'wait',
  'steps',
];

/** Docker's nouns: `tdctl container ls` is `tdctl ps`. */
export const NOUNS: Readonly<Record<string, { summary: string; verbs: Readonly<Record<string, string>> }>> = {
  container: {
    summary: 'Manage containers',
    verbs: { ...Object.fromEntries(containers.map((v) => [v, v])), ls: 'ps', list: 'ps', ps: 'ps', inspect: 'inspect' },
  },
  image: {
    summary: 'Manage images',
    verbs: { ls: 'images', list: 'images', load: 'load', rm: 'rmi', remove: 'rmi', tag: 'tag', inspect: 'inspect' },
  },
  system: { summary: 'Manage the engine', verbs: { info: 'info', events: 'events' } },
};
