import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  ContainerTopResponse,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
} from '@tinydocker/shared/api/containers.js';
import { NetworkTrace } from '@tinydocker/shared/api/network-trace.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { pauseContainer } from '../../services/containers/pause.js';
import { topContainer } from '../../services/containers/top.js';
import { unpauseContainer } from '../../services/containers/unpause.js';
import { updateContainer } from '../../services/containers/update.js';
import { traceNetwork } from '../../services/networks/trace.js';

const id = Type.Object({ id: Type.String({ description: 'Name, id or the beginning of an id.' }) });
const nothing = { 204: Type.Unsafe<undefined>({ type: 'null' }) };

/** The routes under /containers/{id} that read and write what a container uses: pause, unpause, update, top. */
export const containerResourceRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/containers/:id/pause',
      { schema: { summary: 'Stop all processes of a container where they stand', params: id, response: nothing } },
      async ({ params }, reply) => {
        await pauseContainer(deps, params.id);
        return reply.code(204).send();
      },
    );

    app.post(
      '/containers/:id/unpause',
      { schema: { summary: 'Let a paused container go on', params: id, response: nothing } },
      async ({ params }, reply) => {
        await unpauseContainer(deps, params.id);
        return reply.code(204).send();
      },
    );

    app.post(
      '/containers/:id/update',
      {
        schema: {
          summary: 'Change what a container may use, and when it is restarted',
          params: id,
          body: ContainerUpdateRequest,
          response: { 200: ContainerUpdateResponse },
        },
      },
      ({ params, body }) => updateContainer(deps, params.id, body),
    );

    app.get(
      '/containers/:id/network/trace',
      {
        schema: {
          summary: "Walk a packet's way to the ports of a container (an extension of ours)",
          params: id,
          querystring: Type.Object({
            port: Type.Optional(Type.String({ description: '80 or 80/tcp; by default all that are published.' })),
          }),
          response: { 200: NetworkTrace },
        },
      },
      ({ params, query }) => traceNetwork(deps, params.id, query.port),
    );

    app.get(
      '/containers/:id/top',
      {
        schema: {
          summary: 'List the processes of a container',
          params: id,
          querystring: Type.Object({
            ps_args: Type.Optional(Type.String({ description: 'Arguments of ps; -ef by default.' })),
          }),
          response: { 200: ContainerTopResponse },
        },
      },
      ({ params, query }) => topContainer(deps, params.id, query.ps_args),
    );
  };
