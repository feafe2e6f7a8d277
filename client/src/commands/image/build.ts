import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { LineDecoder } from '@tinydocker/shared/json-lines.js';
import { parseSize } from '@tinydocker/shared/units.js';
import { defineCommand } from '../../command.js';
import { allAuthHeaders } from '../../credentials/credentials.js';
import { Failure } from '../../errors.js';
import { bool, int, list, parsed, parsedList, text } from '../../flags/types.js';
import { openContext } from '../build/context.js';
import { type BuildMessage, BuildProgress } from '../build/progress.js';
import { ulimit } from '../container/create-flags.js';
import { reason } from '../container/env-file.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** NAME=VALUE, or a NAME whose value is in our environment: without one it is null. */
function argumentsOf(entries: readonly string[], env: Environment): Record<string, string | null> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, env[entry] ?? null] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

const labelsOf = (entries: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    entries.map((entry) => [entry.split('=', 1)[0]!, entry.includes('=') ? entry.slice(entry.indexOf('=') + 1) : '']),
  );

const fieldsOf = (entry: string): Map<string, string> =>
  new Map(entry.split(',').map((field) => [field.split('=', 1)[0]!, field.slice(field.indexOf('=') + 1)]));

/** `id=ID[,src=FILE|,env=NAME]`: what the daemon is told, and nobody else. @throws Failure */
function secretsOf(entries: readonly string[], env: Environment): Record<string, string> | undefined {
  if (entries.length === 0) return undefined;
  const secrets = entries.map((entry) => {
    const fields = fieldsOf(entry);
    const id = fields.get('id');
    if (!id) throw new Failure(`invalid secret "${entry}": there is no id`);
    const name = fields.get('env') ?? (fields.get('type') === 'env' ? (fields.get('src') ?? id) : undefined);
    const file = fields.get('src') ?? fields.get('source') ?? (name ? undefined : id);
    if (name !== undefined) {
      if (env[name] === undefined) throw new Failure(`secret ${id}: the variable ${name} is not set`);
      return [id, Buffer.from(env[name]).toString('base64')];
    }
    try {
      return [id, readFileSync(file!).toString('base64')];
    } catch (error) {
      throw new Failure(`secret ${id}: open ${file}: ${reason(error as NodeJS.ErrnoException)}`);
    }
  });
  return Object.fromEntries(secrets) as Record<string, string>;
}

/** `default`, or ID=SOCKET. @throws Failure */
const agentsOf = (entries: readonly string[], env: Environment): string[] =>
  entries.map((entry) => {
    const at = entry.indexOf('=');
    const socket = at < 0 ? env.SSH_AUTH_SOCK : entry.slice(at + 1);
    if (!socket) throw new Failure(`invalid agent "${entry}": SSH_AUTH_SOCK is not set`);
    return `${at < 0 ? entry : entry.slice(0, at)}=${resolve(socket)}`;
  });

const encoded = (value: readonly string[] | object | undefined): string | undefined => {
  if (value === undefined || Object.keys(value).length === 0) return undefined;
  return JSON.stringify(value);
};

const size = (help: string, short?: string) => parsed(help, 'bytes', parseSize, short);

export const command = defineCommand({
  names: ['build', 'image build', 'builder build'],
  usage: '[OPTIONS] PATH | URL | -',
  summary: 'Build an image from a Dockerfile',
  examples: [
    ['tdctl build -t shop .', 'Of what is in this directory'],
    ['tdctl build -t shop --target test --build-arg VERSION=2 .', 'One stage of it'],
    ['tdctl build - <Dockerfile', 'Of nothing but the Dockerfile'],
    ['tdctl build --secret id=token,src=$HOME/.token .', 'With a secret that no layer has'],
  ],
  flags: {
    'add-host': list('Add a custom host-to-IP mapping ("host:ip")'),
    'build-arg': list('Set build-time variables'),
    'cache-from': list('Images to consider as cache sources', undefined, undefined, 'strings'),
    'cgroup-parent': text('Set the parent cgroup for the "RUN" instructions during build'),
    'cpu-period': int('Limit the CPU CFS (Completely Fair Scheduler) period'),
    'cpu-quota': int('Limit the CPU CFS (Completely Fair Scheduler) quota'),
    'cpu-shares': int('CPU shares (relative weight)', 'c'),
    'cpuset-cpus': text('CPUs in which to allow execution (0-3, 0,1)'),
    'cpuset-mems': text('MEMs in which to allow execution (0-3, 0,1)'),
    file: text('Name of the Dockerfile (Default is "PATH/Dockerfile")', 'f'),
    'force-rm': bool('Always remove intermediate containers'),
    iidfile: text('Write the image ID to the file'),
    label: list('Set metadata for an image'),
    memory: size('Memory limit', 'm'),
    'memory-swap': size('Swap limit equal to memory plus swap: -1 to enable unlimited swap'),
    network: text('Set the networking mode for the "RUN" instructions during build'),
    'no-cache': bool('Do not use cache when building the image'),
    platform: text('Set platform if server is multi-platform capable'),
    pull: bool('Always attempt to pull a newer version of the image'),
    quiet: bool('Suppress the build output and print image ID on success', 'q'),
    rm: bool('Remove intermediate containers after a successful build', undefined, true),
    secret: list('Secret to expose to the build (e.g. "id=mysecret,src=/local/secret")'),
    'shm-size': size('Size of "/dev/shm"'),
    ssh: list('SSH agent socket to expose to the build ("default" or "id=socket")'),
    tag: list('Name and optionally a tag ("name:tag")', 't'),
    target: text('Set the target build stage to build'),
    ulimit: parsedList('Ulimit options', 'ulimit', ulimit),
  },
  args: { min: 1, max: 1 },
  async run({ engine, stdout, stderr, env }, { flags, args }) {
    const context = await openContext(args[0]!, flags.file, process.stdin);
    const secrets = secretsOf(flags.secret, env);
    const query = {
      t: flags.tag,
      dockerfile: context.dockerfile,
      remote: context.remote,
      q: flags.quiet,
      nocache: flags['no-cache'],
      cachefrom: encoded(flags['cache-from']),
      pull: flags.pull,
      rm: '1',
      memory: flags.memory,
      memswap: flags['memory-swap'],
      cpushares: flags['cpu-shares'],
      cpusetcpus: flags['cpuset-cpus'],
      cpusetmems: flags['cpuset-mems'],
      cpuperiod: flags['cpu-period'],
      cpuquota: flags['cpu-quota'],
      shmsize: flags['shm-size'],
      cgroupparent: flags['cgroup-parent'],
      buildargs: encoded(argumentsOf(flags['build-arg'], env)),
      labels: encoded(labelsOf(flags.label)),
      networkmode: flags.network,
      extrahosts: encoded(flags['add-host']),
      target: flags.target,
      ulimits: encoded(flags.ulimit),
      platform: flags.platform,
      ssh: agentsOf(flags.ssh, env),
      version: '1',
    };
    const headers = {
      ...(await allAuthHeaders(env)),
      ...(secrets && { 'X-Build-Secrets': Buffer.from(JSON.stringify(secrets)).toString('base64') }),
    };
    const reply = await engine.upload('/build', query, context.content, 'POST', headers);
    const decoder = new LineDecoder<BuildMessage>();
    const progress = new BuildProgress(flags.quiet ? { write() {}, isTerminal: false } : stderr, context.lines);
    const show = (messages: readonly BuildMessage[]) => {
      for (const message of messages) progress.take(message);
    };
    await reply.each((chunk) => show(decoder.push(chunk)));
    show(decoder.end());
    if (progress.error) {
      stderr.write(progress.failure());
      throw new Failure(progress.error.message, progress.error.code || 1);
    }
    if (flags.iidfile) writeFileSync(flags.iidfile, progress.id);
    if (flags.quiet || flags.tag.length === 0) stdout.write(`${progress.id}\n`);
    else for (const tag of flags.tag) stdout.write(`${progress.id} ${tag}\n`);
  },
});
