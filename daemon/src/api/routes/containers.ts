import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspectResponse,
  ContainerSteps,
  ContainerSummary,
} from '@tinydocker/shared/api/containers.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { createContainer } from '../../services/containers/create.js';
import { inspectContainer } from '../../services/containers/inspect.js';
import { killContainer } from '../../services/containers/kill.js';
import { listContainers } from '../../services/containers/list.js';
import { pruneContainers } from '../../services/containers/prune.js';
import { removeContainer } from '../../services/containers/remove.js';
import { renameContainer } from '../../services/containers/rename.js';
import { resizeContainer } from '../../services/containers/resize.js';
import { restartContainer } from '../../services/containers/restart.js';
import { startContainer } from '../../services/containers/start.js';
import { containerSteps } from '../../services/containers/steps.js';
import { stopContainer } from '../../services/containers/stop.js';
import { containerStreamRoutes } from './container-streams.js';
import { terminalSize, terminalSizeOf } from './terminal-size.js';

const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const text = (description: string) => Type.Optional(Type.String({ description }));

const id = Type.Object({ id: Type.String({ description: 'Name, id or the beginning of an id.' }) });
const signal = text('Signal, name or number.');
const stopQuery = Type.Object({
  signal,
  t: Type.Optional(Type.Integer({ description: 'Seconds until SIGKILL; negative: never.' })),
});
const nothing = { 204: Type.Unsafe<undefined>({ type: 'null' }) };

/** Everything under /containers. */
export const containerRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    await app.register(containerStreamRoutes(deps));

    app.get(
      '/containers/json',
      {
        schema: {
          summary: 'List containers',
          querystring: Type.Object({
            all: flag('Also those that do not run.'),
            limit: Type.Optional(Type.Integer({ description: 'At most so many, the newest, of all.' })),
            size: flag('Also how much room each takes.'),
            filters: text(
              'JSON: ancestor, before, exited, expose, health, id, label, name, network, since, status, volume.',
            ),
          }),
          response: { 200: Type.Array(ContainerSummary) },
        },
      },
      ({ query }) => listContainers(deps, query),
    );

    app.post(
      '/containers/create',
      {
        schema: {
          summary: 'Create a container',
          querystring: Type.Object({
            name: text('Its name; one is made up where none is given.'),
            platform: text('os/arch'),
          }),
          body: ContainerCreateRequest,
          response: { 201: ContainerCreateResponse },
        },
      },
      ({ query, body }, reply) => {
        reply.code(201);
        return createContainer(deps, query, body);
      },
    );

    app.get(
      '/containers/:id/json',
      {
        schema: {
          summary: 'Inspect a container',
          params: id,
          querystring: Type.Object({ size: flag('Also how much room it takes.') }),
          response: { 200: ContainerInspectResponse },
        },
      },
      ({ params, query }) => inspectContainer(deps, params.id, query),
    );

    app.get(
      '/containers/:id/steps',
      { schema: { summary: 'Kernel operations of the last start', params: id, response: { 200: ContainerSteps } } },
      ({ params }) => containerSteps(deps, params.id),
    );

    app.post(
      '/containers/:id/start',
      {
        schema: {
          summary: 'Start a container',
          params: id,
          querystring: Type.Object({ detachKeys: text('Accepted; attach says what keys detach.') }),
          response: nothing,
        },
      },
      async ({ params }, reply) => {
        await startContainer(deps, params.id);
        return reply.code(204).send();
      },
    );

    app.post(
      '/containers/:id/stop',
      { schema: { summary: 'Stop a container', params: id, querystring: stopQuery, response: nothing } },
      async ({ params, query }, reply) => {
        await stopContainer(deps, params.id, { signal: query.signal, timeout: query.t });
        return reply.code(204).send();
      },
    );

    app.post(
      '/containers/:id/restart',
      { schema: { summary: 'Restart a container', params: id, querystring: stopQuery, response: nothing } },
      async ({ params, query }, reply) => {
        await restartContainer(deps, params.id, { signal: query.signal, timeout: query.t });
        return reply.code(204).send();
      },
    );

    app.post(
      '/containers/:id/kill',
      {
        schema: {
          summary: 'Send a signal to a container',
          params: id,
          querystring: Type.Object({ signal }),
          response: nothing,
        },
      },
      async ({ params, query }, reply) => {
        await killContainer(deps, params.id, query.signal);
        return reply.code(204).send();
      },
    );

    app.post(
      '/containers/:id/rename',
      {
        schema: {
          summary: 'Rename a container',
          params: id,
          querystring: Type.Object({ name: text('Its new name.') }),
          response: nothing,
        },
      },
      async ({ params, query }, reply) => {
        renameContainer(deps, params.id, query.name ?? '');
        return reply.code(204).send();
      },
    );

    app.post(
      '/containers/:id/resize',
      {
        schema: {
          summary: 'Set the size of its terminal',
          params: id,
          querystring: terminalSize,
          response: { 200: Type.Unsafe<undefined>({ type: 'null' }) },
        },
      },
      async ({ params, query }, reply) => {
        const { rows, cols } = terminalSizeOf(query);
        await resizeContainer(deps, params.id, rows, cols);
        return reply.code(200).send();
      },
    );

    app.post(
      '/containers/prune',
      {
        schema: {
          summary: 'Remove all containers that do not run',
          querystring: Type.Object({ filters: text('JSON: until, label, label!.') }),
          response: {
            200: Type.Object({ ContainersDeleted: Type.Array(Type.String()), SpaceReclaimed: Type.Integer() }),
          },
        },
      },
      ({ query }) => pruneContainers(deps, query.filters),
    );

    app.delete(
      '/containers/:id',
      {
        schema: {
          summary: 'Remove a container',
          params: id,
          querystring: Type.Object({
            v: flag('Also its anonymous volumes.'),
            force: flag('Kill it first when it runs.'),
            link: flag('Not the container but a link to it, by the name that it gives: self/alias.'),
          }),
          response: nothing,
        },
      },
      async ({ params, query }, reply) => {
        await removeContainer(deps, params.id, query);
        return reply.code(204).send();
      },
    );
  };
