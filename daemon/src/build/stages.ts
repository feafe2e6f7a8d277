import { invalid, within } from '@tinydocker/shared/errors.js';
import type { GlobalArguments } from './arguments.js';
import { ADD_FLAGS, COPY_FLAGS } from './copy-words.js';
import type { Dockerfile, Instruction } from './dockerfile.js';
import { expand } from './expand.js';
import { applyInstruction } from './instructions.js';
import { readFlags } from './flags.js';
import { runSources } from './run-words.js';
import { jsonWords, splitPairs, splitWords } from './words.js';

/** One FROM, and what comes behind it. */
export interface Stage {
  readonly index: number;
  readonly name: string | undefined;
  readonly from: Instruction;
  /** The image that it begins with; '' and no base: nothing (`scratch`). */
  readonly image: string;
  readonly platform: string | undefined;
  /** The stage that it goes on with. */
  readonly base: number | undefined;
  readonly instructions: readonly Instruction[];
}

export interface Plan {
  readonly stages: readonly Stage[];
  readonly target: number;
  /** ARGs before the first FROM. */
  readonly globals: readonly Instruction[];
  /** Stages that the target is made of, itself included, in order. */
  readonly needed: readonly number[];
}

const NAME = /^[a-z][a-z0-9._-]*$/;

/** One word of ARG: a name, and what it stands for. */
export function parseArguments(rest: string, escape: string): [name: string, value: string | undefined][] {
  return splitWords(rest, escape).map((word) => {
    if (!word.includes('=')) {
      return [word, undefined];
    }
    return splitPairs('ARG', word, escape)[0]!;
  });
}

function declareGlobals(dockerfile: Dockerfile, globals: readonly Instruction[], args: GlobalArguments): void {
  const by = { lookup: (name: string) => args.lookup(name), escape: dockerfile.escape };
  for (const { rest } of globals) {
    for (const [name, value] of parseArguments(rest, dockerfile.escape))
      args.declare(name, value === undefined ? undefined : expand(value, by));
  }
}

/** The stage that a word means, of those before `before`; undefined: it is the name of an image. */
export function findStage(stages: readonly Stage[], word: string, before: number): number | undefined {
  const named = stages.findLast(({ name, index }) => index < before && name === word.toLowerCase());
  if (named) return named.index;
  if (!/^\d+$/.test(word)) return undefined;
  if (Number(word) >= before) throw invalid(`invalid from flag value ${word}: index out of bounds`);
  return Number(word);
}

function stageOf(
  from: Instruction,
  instructions: readonly Instruction[],
  before: readonly Stage[],
  args: GlobalArguments,
  escape: string,
): Stage {
  const { texts } = readFlags(from, { platform: 'text' });
  const by = { lookup: (name: string) => args.lookup(name), escape };
  const words = splitWords(from.rest, escape);
  if (words.length !== 1 && !(words.length === 3 && words[1]!.toLowerCase() === 'as'))
    throw invalid('FROM requires either one or three arguments');
  const name = words[2]?.toLowerCase();
  if (name !== undefined && !NAME.test(name)) {
    throw invalid(
      `invalid name for build stage: ${JSON.stringify(words[2])}, name can't start with a number or contain symbols`,
    );
  }
  const image = expand(words[0]!, by);
  if (image === '') throw invalid(`base name (${words[0]}) should not be blank`);
  const index = before.length;
  const base = /^\d+$/.test(image) ? undefined : findStage(before, image, index);
  const platform = texts.platform === undefined ? undefined : expand(texts.platform, by);
  return { index, name, from, image: image === 'scratch' ? '' : image, platform, base, instructions };
}

/** What a stage is made of besides its base, as far as its text says. */
function sourcesOf(stages: readonly Stage[], stage: Stage): number[] {
  const words = stage.instructions.flatMap((instruction) =>
    instruction.name === 'RUN'
      ? runSources(instruction)
      : instruction.flags.filter(({ name }) => name === 'from').flatMap(({ value }) => value ?? []),
  );
  // One that is not there is said when it is its turn.
  const there = words.filter((word) => !/^\d+$/.test(word) || Number(word) < stage.index);
  const found = there.map((word) => findStage(stages, word, stage.index)).filter((index) => index !== undefined);
  return stage.base === undefined ? found : [stage.base, ...found];
}

function closure(stages: readonly Stage[], target: number): number[] {
  const needed = new Set<number>();
  const add = (index: number): void => {
    if (needed.has(index)) return;
    needed.add(index);
    for (const source of sourcesOf(stages, stages[index]!)) add(source);
  };
  add(target);
  return [...needed].sort((a, b) => a - b);
}

/** Puts an instruction's line before what is wrong with it. */
export function atLine<T>({ line }: Instruction, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw invalid(`dockerfile parse error on line ${line}: ${(error as Error).message}`, { cause: error });
  }
}

/** Docker finds this before it looks at lines. @throws EngineError invalid */
function checkPairs({ name, rest }: Instruction, escape: string): void {
  if (name !== 'ENV' && name !== 'LABEL') return;
  try {
    splitPairs(name, rest, escape);
  } catch (error) {
    throw within('failed to parse Dockerfile', error);
  }
}

/** What is wrong with an instruction whatever its variables stand for. @throws EngineError invalid, in Docker's words */
function checkInstruction(instruction: Instruction, escape: string): void {
  const { name, rest } = instruction;
  if (name === 'HEALTHCHECK' || name === 'ONBUILD')
    applyInstruction({}, name, rest, { isSignal: () => true, commandSet: false, argument: () => undefined, escape });
  if (name === 'ARG') parseArguments(rest, escape);
  if (name === 'RUN') readFlags(instruction, { mount: 'list', network: 'text', security: 'text', device: 'list' });
  if (name === 'COPY') readFlags(instruction, COPY_FLAGS);
  if (name === 'ADD') readFlags(instruction, ADD_FLAGS);
  if ((name === 'COPY' || name === 'ADD') && (jsonWords(rest) ?? rest.split(/\s+/)).length < 2) {
    throw invalid(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  }
  if (name === 'SHELL' && !jsonWords(rest)) throw invalid('SHELL requires the arguments to be in JSON form');
}

/**
 * The stages of a Dockerfile, and which of them a target needs.
 * @throws EngineError invalid, in Docker's words
 */
export function planStages(dockerfile: Dockerfile, args: GlobalArguments, target: string): Plan {
  const { instructions, escape } = dockerfile;
  const first = instructions.findIndex(({ name }) => name === 'FROM');
  for (const instruction of instructions) checkPairs(instruction, escape);
  for (const instruction of instructions) atLine(instruction, () => checkInstruction(instruction, escape));
  const globals = instructions.slice(0, first < 0 ? instructions.length : first);
  const early = globals.find(({ name }) => name !== 'ARG');
  if (early || first < 0) throw invalid('no build stage in current context');
  declareGlobals(dockerfile, globals, args);
  const stages: Stage[] = [];
  for (let at = first; at < instructions.length; ) {
    const next = instructions.findIndex(({ name }, i) => i > at && name === 'FROM');
    const end = next < 0 ? instructions.length : next;
    const from = instructions[at]!;
    stages.push(atLine(from, () => stageOf(from, instructions.slice(at + 1, end), stages, args, escape)));
    at = end;
  }
  const wanted =
    target === '' ? stages.length - 1 : (stages.find(({ name }) => name === target.toLowerCase())?.index ?? Number(target));
  if (!stages[wanted]) throw invalid(`target stage ${JSON.stringify(target)} could not be found`);
  return { stages, target: wanted, globals, needed: closure(stages, wanted) };
}
