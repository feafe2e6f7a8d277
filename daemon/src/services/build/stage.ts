import { posix } from 'node:path';
import type { ImageConfig } from '@tinydocker/shared/api/images.js';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { StageArguments } from '../../build/arguments.js';
import { parseCopy } from '../../build/copy-words.js';
import { commandWithHeredocs, type Instruction, parseInstruction } from '../../build/dockerfile.js';
import { type Expansion, expand } from '../../build/expand.js';
import { applyInstruction, changesConfiguration } from '../../build/instructions.js';
import { parseRun } from '../../build/run-words.js';
import { findStage, parseArguments, type Stage } from '../../build/stages.js';
import { jsonWords } from '../../build/words.js';
import { shortId } from '../../lib/ids.js';
import type { ImageRecord } from '../../store/images.js';
import { isSignal } from '../containers/signals.js';
import { baseImage } from './base.js';
import { doCopy, planCopy } from './copy.js';
import { describeChange } from './history-words.js';
import { commitStep, type Step, workplace } from './layer.js';
import type { StageOutput, StepNote } from './output.js';
import { CommandFailure, runCommand } from './run.js';
import { type FindSource, prepareMounts } from './run-mounts.js';
import { scriptCommand } from './script.js';
import type { Session } from './session.js';
import { imageSource } from './source.js';
import { place } from './tree.js';

/** Where a stage stands: what its next step begins with. */
export interface StageState {
  readonly image: ImageRecord | undefined;
  readonly config: ImageConfig;
  readonly author: string | undefined;
  readonly args: StageArguments;
  /** Whether it has set the command itself. */
  readonly commandSet: boolean;
}

/** How the steps of a build are counted. */
export interface Numbering {
  readonly total: number;
  next(): number;
}

const DEFAULT_SHELL = ['/bin/sh', '-c'];
/** What history says of a step that runs nothing. */
const nop = (text: string, { Shell }: ImageConfig): string =>
  `${(Shell?.length ? Shell : DEFAULT_SHELL).join(' ')} #(nop) ${text}`;
const idOf = (image: ImageRecord): string => shortId(image.id.slice('sha256:'.length));

/** One stage at work. */
export class StageRun {
  readonly #session: Session;
  readonly #stage: Stage;
  readonly #output: StageOutput;
  readonly #numbers: readonly number[];
  readonly #total: number;
  readonly #find: (index: number) => Promise<StageState>;
  #state!: StageState;
  #cached = false;
  /** What is to be told of the first step when its triggers begin. */
  #begun: StepNote | undefined;

  /** @param find waits for another stage */
  constructor(
    session: Session,
    stage: Stage,
    output: StageOutput,
    numbers: { readonly first: number; readonly total: number },
    find: (index: number) => Promise<StageState>,
  ) {
    this.#session = session;
    this.#stage = stage;
    this.#output = output;
    this.#total = numbers.total;
    this.#numbers = Array.from({ length: stage.instructions.length + 1 }, (_, i) => numbers.first + i);
    this.#find = find;
  }

  /** Does all its steps. @throws EngineError; CommandFailure */
  async run(): Promise<StageState> {
    const { from, instructions } = this.#stage;
    await this.#step(from, this.#numbers[0]!, () => this.#begin());
    await this.#triggers();
    for (const [i, instruction] of instructions.entries())
      await this.#step(instruction, this.#numbers[i + 1]!, () => this.#do(instruction));
    return this.#state;
  }

  async #step(instruction: Instruction, index: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#session;
    signal.throwIfAborted();
    const started = performance.now();
    const note = (state: StepNote['state'], exitCode?: number): StepNote => ({
      index,
      total: this.#total,
      text: instruction.original,
      state,
      ...(state !== 'started' && { seconds: Math.round(performance.now() - started) / 1000 }),
      line: instruction.line,
      stage: this.#stage.name,
      ...(exitCode !== undefined && { exitCode }),
    });
    if (index > 0) this.#output.line(`Step ${index}/${this.#total} : ${instruction.original}`, note('started'));
    this.#cached = false;
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) {
        const code = error instanceof CommandFailure ? error.code : undefined;
        const failure = note('failed', code);
        this.#output.line(` ---> Failed at line ${failure.line} of the Dockerfile, after ${failure.seconds} s`, failure);
      }
      throw error;
    }
    const { image, config } = this.#state;
    // Of an image that wants something done first, Docker does not tell.
    if (instruction === this.#stage.from && config.OnBuild?.length) {
      this.#begun = note('done');
      return;
    }
    void this.#output.write({ stream: image ? ` ---> ${idOf(image)}\n` : ' ---> \n', step: note(this.#cached ? 'cached' : 'done') });
  }

  async #begin(): Promise<void> {
    const { base, image: name, platform } = this.#stage;
    if (base !== undefined) {
      const before = await this.#find(base);
      const args = new StageArguments(this.#session.args, before.args);
      this.#state = { ...before, args, commandSet: false };
      return;
    }
    const args = new StageArguments(this.#session.args);
    const image = name === '' ? undefined : await baseImage(this.#session, name, platform, this.#output);
    const config = structuredClone(image?.config.config ?? {});
    this.#state = { image, config, author: undefined, args, commandSet: false };
  }

  /** What the image that it begins with wants to have done first. */
  async #triggers(): Promise<void> {
    const triggers = this.#state.config.OnBuild ?? [];
    if (triggers.length === 0) return;
    this.#output.line(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? 's' : ''}`, this.#begun);
    this.#state = { ...this.#state, config: { ...this.#state.config, OnBuild: null } };
    for (const text of triggers) {
      const instruction = parseInstruction(text, '\\');
      if (['FROM', 'MAINTAINER', 'ONBUILD'].includes(instruction.name))
        throw invalid(`${instruction.name} isn't allowed as an ONBUILD trigger`);
      await this.#step({ ...instruction, line: this.#stage.from.line }, 0, () => this.#do(instruction));
    }
  }

  get #expansion(): Expansion {
    const { config, args } = this.#state;
    const env = new Map((config.Env ?? []).map((entry) => [entry.split('=', 1)[0]!, entry.slice(entry.indexOf('=') + 1)]));
    const { escape } = this.#session.dockerfile;
    return { lookup: (name) => env.get(name) ?? args.lookup(name), escape };
  }

  get #directory(): string {
    return this.#state.config.WorkingDir || '/';
  }

  async #commit(step: Omit<Step, 'parent' | 'author' | 'config' | 'description'> & { config?: ImageConfig }): Promise<void> {
    const { image: parent, config, author } = this.#state;
    const next = step.config ?? config;
    const description = step.createdBy.replace(/^.*#\(nop\)\s+/, '');
    const { image, cached } = await commitStep(this.#session, { ...step, parent, author, config: next, description });
    if (cached) this.#output.line(' ---> Using cache');
    this.#cached = cached;
    this.#state = { ...this.#state, image, config: next };
  }

  #do(instruction: Instruction): Promise<void> {
    const { name } = instruction;
    if (name === 'RUN') return this.#run(instruction);
    if (name === 'COPY' || name === 'ADD') return this.#copy(name, instruction);
    if (name === 'WORKDIR') return this.#workdir(instruction);
    if (name === 'ARG') return this.#arg(instruction);
    if (name === 'SHELL') return this.#shell(instruction);
    if (name === 'MAINTAINER') return this.#maintainer(instruction);
    return this.#change(instruction);
  }

  /** An instruction that changes the configuration and nothing else. */
  async #change({ name, rest }: Instruction): Promise<void> {
    const { config: before, args, commandSet } = this.#state;
    if (!changesConfiguration(name)) throw invalid(`unknown instruction: ${name}`);
    const { escape } = this.#session.dockerfile;
    const argument = (word: string) => args.lookup(word);
    const changed = applyInstruction(before, name, rest, { isSignal, commandSet, argument, escape });
    const createdBy = nop(` ${name} ${describeChange(name, rest, changed.config, before)}`, changed.config);
    await this.#commit({ key: [name, changed.config], createdBy, config: changed.config });
    this.#state = { ...this.#state, commandSet: changed.commandSet };
  }

  async #arg({ rest }: Instruction): Promise<void> {
    const by = this.#expansion;
    const { args } = this.#state;
    const declared = parseArguments(rest, by.escape).map(([name, value]) => {
      const initial = value === undefined ? undefined : expand(value, by);
      args.declare(name, initial);
      return initial === undefined ? name : `${name}=${initial}`;
    });
    // What it stands for counts where it is used.
    await this.#commit({ key: ['ARG', declared], createdBy: nop(` ARG ${declared.join(' ')}`, this.#state.config) });
  }

  async #shell({ rest }: Instruction): Promise<void> {
    const Shell = jsonWords(rest);
    if (!Shell || Shell.length === 0) throw invalid('SHELL requires the arguments to be in JSON form');
    const config = { ...this.#state.config, Shell };
    await this.#commit({ key: ['SHELL', Shell], createdBy: nop(` SHELL [${Shell.join(' ')}]`, config), config });
  }

  async #maintainer({ rest }: Instruction): Promise<void> {
    this.#state = { ...this.#state, author: rest };
    await this.#commit({ key: ['MAINTAINER', rest], createdBy: nop(` MAINTAINER ${rest}`, this.#state.config) });
  }

  async #workdir({ rest }: Instruction): Promise<void> {
    const word = expand(rest, this.#expansion);
    if (word === '') throw invalid('WORKDIR requires exactly one argument');
    const WorkingDir = posix.resolve(this.#directory, word);
    const parent = this.#state.image;
    await this.#commit({
      key: ['WORKDIR', WorkingDir],
      createdBy: nop(`WORKDIR ${WorkingDir}`, this.#state.config),
      config: { ...this.#state.config, WorkingDir },
      make: async () => {
        const at = workplace(this.#session, parent);
        await place(this.#session, at, undefined, ['mkdir', WorkingDir]);
        return at;
      },
    });
  }

  /** What `--from` names: a stage of this Dockerfile, or an image. */
  readonly #source: FindSource = async (from) => {
    const { plan } = this.#session;
    const index = findStage(plan.stages, from, this.#stage.index);
    if (index !== undefined) return (await this.#find(index)).image;
    if (from === 'scratch') return undefined;
    return baseImage(this.#session, from, undefined, this.#output);
  };

  async #copy(name: 'COPY' | 'ADD', instruction: Instruction): Promise<void> {
    const copy = parseCopy(instruction, this.#expansion);
    const { deps, context } = this.#session;
    const source = copy.from === undefined ? context : imageSource(deps, await this.#source(copy.from));
    const plan = await planCopy(this.#session, name, copy, source, this.#directory);
    const chown = copy.chown === undefined ? '' : `--chown=${copy.chown} `;
    const parent = this.#state.image;
    await this.#commit({
      key: plan.key,
      createdBy: nop(`${name} ${chown}${plan.source} in ${copy.destination} `, this.#state.config),
      make: () => doCopy(this.#session, copy, plan, parent),
    });
  }

  async #run(instruction: Instruction): Promise<void> {
    const { mounts, network } = parseRun(instruction, this.#expansion, this.#directory);
    const image = await this.#ground();
    const { config, args } = this.#state;
    const words = instruction.heredocs.length === 0 ? jsonWords(instruction.rest) : undefined;
    const { command, script } = commandWithHeredocs(instruction);
    const shell = config.Shell?.length ? config.Shell : DEFAULT_SHELL;
    const called = words ?? (script ? scriptCommand(this.#session, command) : { args: [...shell, command], mounts: [] });
    const line = Array.isArray(called) ? { args: called, mounts: [] } : called;
    const all = [...(await prepareMounts(this.#session, mounts, this.#source)), ...line.mounts];
    const env = args.values.filter(([name]) => !(config.Env ?? []).some((entry) => entry.startsWith(`${name}=`)));
    const declared = env.map(([name, value]) => `${name}=${value}`);
    const shown = script ? [command] : line.args;
    const createdBy = `${declared.length > 0 ? `|${declared.length} ${declared.join(' ')} ` : ''}${shown.join(' ')}`;
    const { NetworkMode, ExtraHosts } = this.#session.options.hostConfig;
    const hidden = args.hidden.map(([name, value]) => `${name}=${value}`);
    await this.#commit({
      key: ['RUN', shown, declared, all.map(({ key }) => key), network, NetworkMode ?? '', ExtraHosts ?? []],
      createdBy,
      make: () =>
        runCommand(
          this.#session,
          image,
          { args: line.args, env: [...declared, ...hidden], network, mounts: all },
          shown.join(' '),
          this.#output,
        ),
    });
  }

  /** A container needs an image, and `scratch` is none. */
  async #ground(): Promise<ImageRecord> {
    if (!this.#state.image) await this.#commit({ key: ['scratch'], createdBy: nop('FROM scratch', {}) });
    if (!this.#state.image) throw new EngineError('system', 'the stage has no image');
    return this.#state.image;
  }

  /** The stage has an image, whatever it consists of. */
  async finish(): Promise<StageState> {
    await this.#ground();
    return this.#state;
  }
}

