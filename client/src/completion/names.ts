import type { ContainerSummary } from '@tinydocker/shared/api/containers.js';
import type { ImageSummary } from '@tinydocker/shared/api/images.js';
import type { Network } from '@tinydocker/shared/api/networks.js';
import type { VolumeListResponse } from '@tinydocker/shared/api/volumes.js';
import type { Engine } from '../api/engine.js';

/** A word that could stand there, and what it is. */
export interface Candidate {
  word: string;
  about?: string;
}

/** A daemon that has not answered by then, in ms, is not waited for: someone has pressed a key. */
const PATIENCE = 2000;

/** Commands that make sense for containers in some states only; all others are offered all containers. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  attach: ['running'],
  exec: ['running'],
  kill: ['running', 'paused'],
  pause: ['running'],
  start: ['created', 'exited'],
  stop: ['running', 'paused', 'restarting'],
  top: ['running', 'paused'],
  unpause: ['paused'],
};

/** What is there, as the daemon tells; nothing where there is no daemon. */
export class Names {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async #get<T>(path: string, query: Record<string, string | boolean> = {}): Promise<T | undefined> {
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE, undefined).unref());
    return Promise.race([this.#engine.get<T>(path, query).catch(() => undefined), late]);
  }

  /** Names of containers, and ids where one has been begun. `verb` is what is to be done with them. */
  async containers(verb: string, typed: string): Promise<Candidate[]> {
    const states = STATES[verb];
    const filters = states && { filters: JSON.stringify({ status: states }) };
    const containers = await this.#get<ContainerSummary[]>('/containers/json', { all: true, ...filters });
    return (containers ?? []).flatMap(({ Id, Names, Image, Status }) => {
      const about = `${Image}, ${Status}`;
      const [name = Id] = Names.map((one) => one.slice(1)).filter((one) => !one.includes('/'));
      const byId =
        typed !== '' && Id.startsWith(typed) ? [{ word: Id.slice(0, Math.max(12, typed.length)), about }] : [];
      return [{ word: name, about }, ...byId];
    });
  }

  async images(): Promise<Candidate[]> {
    const images = await this.#get<ImageSummary[]>('/images/json');
    return (images ?? [])
      .flatMap(({ RepoTags }) => RepoTags ?? [])
      .filter((name) => !name.startsWith('<none>'))
      .map((word) => ({ word }));
  }

  async networks(): Promise<Candidate[]> {
    const networks = await this.#get<Network[]>('/networks');
    return (networks ?? []).map(({ Name, Driver }) => ({ word: Name, about: Driver }));
  }

  async volumes(): Promise<Candidate[]> {
    const volumes = await this.#get<VolumeListResponse>('/volumes');
    return (volumes?.Volumes ?? []).map(({ Name }) => ({ word: Name }));
  }
}
