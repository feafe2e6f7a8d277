import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  Network,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkDisconnectRequest,
  NetworkPruneResponse,
} from '@tinydocker/shared/api/networks.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { connectNetwork } from '../../services/networks/connect.js';
import { createNetwork } from '../../services/networks/create.js';
import { disconnectNetwork } from '../../services/networks/disconnect.js';
import { inspectNetwork } from '../../services/networks/inspect.js';
import { listNetworks } from '../../services/networks/list.js';
import { pruneNetworks } from '../../services/networks/prune.js';
import { removeNetwork } from '../../services/networks/remove.js';

const text = (description: string) => Type.Optional(Type.String({ description }));
const id = Type.Object({ id: Type.String({ description: 'Its name or id.' }) });

/** Everything under /networks. */
export const networkRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/networks',
      {
        schema: {
          summary: 'List networks',
          querystring: Type.Object({ filters: text('JSON: dangling, driver, id, label, name, scope, type.') }),
          response: { 200: Type.Array(Network) },
        },
      },
      ({ query }, reply) => {
        reply.send(listNetworks(deps, query.filters));
      },
    );

    app.post(
      '/networks/create',
      {
        schema: {
          summary: 'Create a network',
          body: NetworkCreateRequest,
          response: { 201: NetworkCreateResponse },
        },
      },
      async ({ body }, reply) => reply.code(201).send(await createNetwork(deps, body)),
    );

    app.post(
      '/networks/prune',
      {
        schema: {
          summary: 'Remove networks that no container is in',
          querystring: Type.Object({ filters: text('JSON: label, label!, until.') }),
          response: { 200: NetworkPruneResponse },
        },
      },
      ({ query }) => pruneNetworks(deps, query.filters),
    );

    const inspection = {
      schema: {
        summary: 'Inspect a network, with the containers that run in it',
        params: id,
        querystring: Type.Object({
          verbose: Type.Optional(Type.Boolean({ description: 'Has no effect: it is about swarms.' })),
          scope: text('local'),
        }),
        response: { 200: Network },
      },
    };
    app.get('/networks/:id', inspection, ({ params, query }, reply) => {
      reply.send(inspectNetwork(deps, params.id, query.scope));
    });

    const nothing = Type.Unsafe<undefined>({ type: 'null' });
    app.post(
      '/networks/:id/connect',
      {
        schema: {
          summary: 'Connect a container to a network, also while it runs',
          params: id,
          body: NetworkConnectRequest,
          response: { 200: nothing },
        },
      },
      async ({ params, body }, reply) => {
        await connectNetwork(deps, params.id, body);
        return reply.code(200).send();
      },
    );

    app.post(
      '/networks/:id/disconnect',
      {
        schema: {
          summary: 'Take a container out of a network, also while it runs',
          params: id,
          body: NetworkDisconnectRequest,
          response: { 200: nothing },
        },
      },
      async ({ params, body }, reply) => {
        await disconnectNetwork(deps, params.id, body);
        return reply.code(200).send();
      },
    );

    app.delete(
      '/networks/:id',
      {
        schema: {
          summary: 'Remove a network',
          params: id,
          response: { 204: nothing },
        },
      },
      async ({ params }, reply) => {
        await removeNetwork(deps, params.id);
        return reply.code(204).send();
      },
    );
  };
