import { mkdirSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { invalid, unavailable } from '@tinydocker/shared/errors.js';
import { GlobalArguments } from '../../build/arguments.js';
import { type Dockerfile, type Instruction, parseDockerfile } from '../../build/dockerfile.js';
import { type Plan, planStages } from '../../build/stages.js';
import { timestamp } from '../../lib/clock.js';
import { newId, shortId } from '../../lib/ids.js';
import type { ImageRecord } from '../../store/images.js';
import { collectContent } from '../images/collect.js';
import { publishImage } from '../images/publish.js';
import { readName } from '../images/tag.js';
import { openContext } from './context.js';
import type { BuildOptions } from './options.js';
import { BuildOutput, type Report } from './output.js';
import type { BuildDeps, Context, Session } from './session.js';
import { StageRun, type StageState } from './stage.js';

/** As OCI names processors. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function hostPlatform(): Session['host'] {
  return { os: 'linux', architecture: ARCHITECTURES[arch()] ?? arch() };
}

/** Labels of the request are the last thing that the target says of itself, as Docker has it. */
function withLabels(dockerfile: Dockerfile, plan: Plan, labels: Readonly<Record<string, string>>): Plan {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return plan;
  const quoted = (text: string) => `"${text.replace(/["\\$]/g, (c) => `${dockerfile.escape}${c}`)}"`;
  const line = dockerfile.lines.length;
  const added = names.map((name): Instruction => {
    const rest = `${quoted(name)}=${quoted(labels[name]!)}`;
    const original = `LABEL ${name}=${labels[name]}`;
    return { name: 'LABEL', flags: [], rest, heredocs: [], original, line, endLine: line };
  });
  const stages = plan.stages.map((stage) =>
    stage.index === plan.target ? { ...stage, instructions: [...stage.instructions, ...added] } : stage,
  );
  return { ...plan, stages };
}

function checkSyntax({ syntax }: Dockerfile): void {
  if (syntax === undefined || /^(docker\.io\/)?docker\/dockerfile(-upstream)?(:|@|$)/.test(syntax)) return;
  throw invalid(`this engine reads Dockerfiles itself and runs no frontend: # syntax=${syntax}`);
}

/** Everything that can be refused before a step is done. */
function makeSession(
  deps: BuildDeps,
  options: BuildOptions,
  place: Pick<Session, 'id' | 'directory'>,
  context: Context,
  signal: AbortSignal,
  releases: (() => void)[],
): Session {
  const host = hostPlatform();
  const here = `${host.os}/${host.architecture}`;
  const dockerfile = parseDockerfile(context.dockerfile);
  checkSyntax(dockerfile);
  const args = new GlobalArguments(options.buildArgs, here, options.platform || here, options.target);
  const plan = withLabels(dockerfile, planStages(dockerfile, args, options.target), options.labels);
  let count = 0;
  const fresh = (what: string) => join(place.directory(), `${what}-${count++}`);
  return { ...place, deps, options, context, dockerfile, plan, args, host, signal, releases, fresh };
}

/** Runs the stages that the target needs, each as soon as what it is made of is there. */
async function runStages(session: Session, output: BuildOutput, abort: (reason: unknown) => void): Promise<StageState> {
  const { plan } = session;
  const first = plan.globals.length + 1;
  const total = plan.globals.length + plan.needed.reduce((sum, i) => sum + plan.stages[i]!.instructions.length + 1, 0);
  const running = new Map<number, Promise<StageState>>();
  const opening = output.stage();
  for (const [i, { original }] of plan.globals.entries()) opening.line(`Step ${i + 1}/${total} : ${original}`);
  opening.end();
  let next = first;
  const start = (index: number): Promise<StageState> => {
    const stage = plan.stages[index]!;
    const out = plan.needed.includes(index) ? output.stage() : output.atOnce();
    const run = new StageRun(session, stage, out, { first: next, total }, (other) => running.get(other) ?? start(other));
    next += stage.instructions.length + 1;
    const result = run
      .run()
      .then((state) => (index === plan.target ? run.finish() : state))
      .catch((error) => {
        // The others have nothing to work for any more.
        abort(error);
        throw error;
      })
      .finally(() => out.end());
    running.set(index, result);
    return result;
  };
  for (const index of plan.needed) start(index).catch(() => {});
  // All of them, also after a failure: none may still be at work when the directory goes.
  await Promise.allSettled(running.values());
  return running.get(plan.target)!;
}

function finish(session: Session, image: ImageRecord, report: Report): void {
  const { deps, options, args } = session;
  const tags = options.tags.map((tag) => readName(tag, ''));
  deps.images.setIntermediate(image.id, false);
  publishImage(deps, 'build', image);
  void report({ aux: { ID: image.id } });
  if (args.unused.length > 0)
    void report({ stream: `[Warning] One or more build-args [${args.unused.join(' ')}] were not consumed\n` });
  void report({ stream: `Successfully built ${shortId(image.id.slice('sha256:'.length))}\n` });
  for (const tag of tags) {
    deps.images.tag(tag.canonical, image.id, timestamp());
    publishImage(deps, 'tag', image, tag.familiar);
    void report({ stream: `Successfully tagged ${tag.familiar}\n` });
  }
}

/**
 * Builds an image. Until the first report everything that is wrong with the request is thrown; what has been made stays in the cache,
 * and nothing else is left, however it ends.
 * @param cancel aborted when nobody wants it any more
 * @returns the image's id
 */
export async function buildImage(
  deps: BuildDeps,
  options: BuildOptions,
  body: Readable | undefined,
  report: Report,
  cancel: AbortSignal,
): Promise<string> {
  for (const tag of options.tags) readName(tag, '');
  const id = newId();
  const place = join(deps.paths.ingest, `build-${id}`);
  let isThere = false;
  const directory = () => {
    if (!isThere) mkdirSync(place, { mode: 0o700 });
    isThere = true;
    return place;
  };
  const failed = new AbortController();
  const signal = AbortSignal.any([cancel, failed.signal]);
  const releases: (() => void)[] = [];
  try {
    const context = await openContext({ deps, options, directory, signal: cancel }, body);
    cancel.throwIfAborted();
    const session = makeSession(deps, options, { id, directory }, context, signal, releases);
    let first: unknown;
    const abort = (reason: unknown) => {
      first ??= reason;
      failed.abort(reason);
    };
    const state = await runStages(session, new BuildOutput(report), abort).catch((error) => {
      throw first ?? error;
    });
    finish(session, state.image!, report);
    return state.image!.id;
  } catch (error) {
    if (cancel.aborted) throw unavailable('the build was canceled', { cause: error });
    throw error;
  } finally {
    for (const release of releases) release();
    if (isThere) deps.trash.discard(place);
    rmSync(join(deps.paths.buildSecrets, id), { recursive: true, force: true });
    collectContent(deps);
  }
}
