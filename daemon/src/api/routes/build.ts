import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { BuildQuery } from '@tinydocker/shared/api/build.js';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';
import type { FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.js';
import { buildImage } from '../../services/build/build.js';
import type { BuildOptions } from '../../services/build/options.js';
import type { BuildMessage } from '../../services/build/output.js';
import { CommandFailure } from '../../services/build/run.js';
import { Progress } from '../progress.js';
import { registryConfig } from '../registry-auth.js';

/** Secrets of a build by id, in base64 each: base64 of JSON. In a header, so that they are in no address and no log. */
const SECRETS = 'x-build-secrets';

/** A parameter in JSON. */
function json<T>(name: string, text: string | undefined, isRight: (value: unknown) => value is T): T | undefined {
  if (!text) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`error reading ${name}: not valid JSON`);
  }
  if (value === null) return undefined;
  if (!isRight(value)) throw invalid(`error reading ${name}: unexpected form`);
  return value;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextMap = (value: unknown): value is Record<string, string> =>
  isMap(value) && Object.values(value).every(isText);
const isArguments = (value: unknown): value is Record<string, string | null> =>
  isMap(value) && Object.values(value).every((one) => one === null || isText(one));

interface Ulimit {
  Name: string;
  Soft: number;
  Hard: number;
}
const isUlimits = (value: unknown): value is Ulimit[] =>
  Array.isArray(value) && value.every((one) => isMap(one) && isText(one.Name) && Number.isInteger(one.Soft));

const REFUSED: readonly (readonly [asked: (query: BuildQuery) => unknown, what: string])[] = [
  [(q) => q.squash, 'images of one layer (squash)'],
  [(q) => q.session, 'sessions of BuildKit (session): use DOCKER_BUILDKIT=0'],
  [(q) => q.version === '2', 'BuildKit (version=2): use DOCKER_BUILDKIT=0'],
  [(q) => q.isolation && q.isolation !== 'default', 'isolation of Windows'],
];

/** Words by themselves, or one list in JSON. */
const listOf = (name: string, words: readonly string[] = []): string[] =>
  words.flatMap((word) => (word.startsWith('[') ? (json(name, word, isList) ?? []) : word.split(','))).filter(Boolean);

function refuse(query: BuildQuery): void {
  const what = REFUSED.find(([asked]) => asked(query))?.[1];
  if (what) throw notImplemented(`this engine does not offer ${what}`);
  const isAny = (value: unknown): value is unknown[] => Array.isArray(value);
  if (json('outputs', query.outputs, isAny)?.length) {
    throw notImplemented('this engine does not offer outputs other than an image (outputs)');
  }
  if (listOf('securityopt', query.securityopt).length > 0) {
    throw notImplemented('this engine does not offer security options of a build (securityopt)');
  }
}

function hostConfigOf(query: BuildQuery): HostConfig {
  const extraHosts = listOf('extrahosts', query.extrahosts);
  const ulimits = json('ulimits', query.ulimits, isUlimits);
  return {
    ...(query.memory && { Memory: query.memory }),
    ...(query.memswap && { MemorySwap: query.memswap }),
    ...(query.cpushares && { CpuShares: query.cpushares }),
    ...(query.cpusetcpus && { CpusetCpus: query.cpusetcpus }),
    ...(query.cpusetmems && { CpusetMems: query.cpusetmems }),
    ...(query.cpuperiod && { CpuPeriod: query.cpuperiod }),
    ...(query.cpuquota && { CpuQuota: query.cpuquota }),
    ...(query.shmsize && { ShmSize: query.shmsize }),
    ...(query.cgroupparent && { CgroupParent: query.cgroupparent }),
    ...(query.networkmode && { NetworkMode: query.networkmode }),
    ...(extraHosts?.length && { ExtraHosts: extraHosts }),
    ...(ulimits?.length && { Ulimits: ulimits }),
  };
}

function secretsOf(header: unknown): Map<string, Buffer> {
  if (!isText(header) || header === '') return new Map();
  const text = Buffer.from(header, 'base64').toString();
  const secrets = json('the secrets', text, isTextMap) ?? {};
  return new Map(Object.entries(secrets).map(([id, value]) => [id, Buffer.from(value, 'base64')]));
}

function agentsOf(list: readonly string[]): Map<string, string> {
  return new Map(
    list.map((text) => {
      const at = text.indexOf('=');
      const socket = text.slice(at + 1);
      if (at < 1 || !socket.startsWith('/')) throw invalid(`invalid agent "${text}": must be of the form ID=/SOCKET`);
      return [text.slice(0, at), socket];
    }),
  );
}

function optionsOf(query: BuildQuery, request: Pick<FastifyRequest, 'headers'>): BuildOptions {
  refuse(query);
  const given = Object.entries(json('build args', query.buildargs, isArguments) ?? {});
  return {
    tags: (query.t ?? []).filter(Boolean),
    dockerfile: query.dockerfile ?? '',
    remote: query.remote === 'client-session' ? '' : (query.remote ?? ''),
    noCache: query.nocache ?? false,
    cacheFrom: json('cache sources', query.cachefrom, isList) ?? [],
    pull: query.pull ?? false,
    buildArgs: new Map(given.filter((one): one is [string, string] => one[1] !== null)),
    labels: json('labels', query.labels, isTextMap) ?? {},
    target: query.target ?? '',
    platform: query.platform ?? '',
    hostConfig: hostConfigOf(query),
    auths: registryConfig(request),
    secrets: secretsOf(request.headers[SECRETS]),
    agents: agentsOf(query.ssh ?? []),
  };
}

export const buildRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/build',
      {
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: {
          summary: 'Build an image',
          description: 'The body is the context as a tar archive: plain, or compressed with gzip, bzip2, xz or zstd.',
          querystring: BuildQuery,
        },
      },
      (request, reply) => {
        const options = optionsOf(request.query, request);
        const progress = new Progress(reply);
        const quiet = request.query.q === true;
        const report = (message: BuildMessage): Promise<void> | undefined => {
          if (!quiet || 'aux' in message) return progress.write(message);
          progress.start(); // from here on what fails is a line
          return undefined;
        };
        return progress.run(
          async () => {
            const id = await buildImage(deps, options, request.body as Readable | undefined, report, progress.signal);
            if (quiet) progress.write({ stream: `${id}\n` });
          },
          (error) => (error instanceof CommandFailure ? { code: error.code } : {}),
        );
      },
    );
  };
