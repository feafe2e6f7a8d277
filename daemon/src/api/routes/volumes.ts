import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  Volume,
  VolumeCreateRequest,
  VolumeListResponse,
  VolumePruneResponse,
} from '@tinydocker/shared/api/volumes.js';
import { unavailable } from '@tinydocker/shared/errors.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { createVolume } from '../../services/volumes/create.js';
import { inspectVolume } from '../../services/volumes/inspect.js';
import { listVolumes } from '../../services/volumes/list.js';
import { pruneVolumes } from '../../services/volumes/prune.js';
import { removeVolume } from '../../services/volumes/remove.js';
import { speaks } from '../version.js';

const text = (description: string) => Type.Optional(Type.String({ description }));
const name = Type.Object({ name: Type.String({ description: 'Its name.' }) });

/** Everything under /volumes. */
export const volumeRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/volumes',
      {
        schema: {
          summary: 'List volumes',
          querystring: Type.Object({ filters: text('JSON: dangling, driver, label, name.') }),
          response: { 200: VolumeListResponse },
        },
      },
      ({ query }) => listVolumes(deps, query.filters),
    );

    app.post(
      '/volumes/create',
      {
        schema: {
          summary: 'Create a volume, or show the one of this name',
          body: VolumeCreateRequest,
          response: { 201: Volume },
        },
      },
      ({ body }, reply) => {
        reply.code(201).send(createVolume(deps, body));
      },
    );

    app.get(
      '/volumes/:name',
      { schema: { summary: 'Inspect a volume', params: name, response: { 200: Volume } } },
      ({ params }) => inspectVolume(deps, params.name),
    );

    app.post(
      '/volumes/prune',
      {
        schema: {
          summary: 'Remove volumes that no container uses',
          querystring: Type.Object({ filters: text('JSON: all, label, label!.') }),
          response: { 200: VolumePruneResponse },
        },
      },
      (request) => pruneVolumes(deps, request.query.filters, !speaks(request, '1.42')),
    );

    app.put('/volumes/:name', { schema: { summary: 'Change a cluster volume; there are none', params: name } }, () => {
      throw unavailable('volume update only valid for cluster volumes, but swarm is unavailable');
    });

    app.delete(
      '/volumes/:name',
      {
        schema: {
          summary: 'Remove a volume',
          params: name,
          querystring: Type.Object({
            force: Type.Optional(Type.Boolean({ description: 'It need not be there.' })),
          }),
          response: { 204: Type.Unsafe<undefined>({ type: 'null' }) },
        },
      },
      async ({ params, query }, reply) => {
        await removeVolume(deps, params.name, query);
        return reply.code(204).send();
      },
    );
  };
