import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DiskUsage } from '@tinydocker/shared/api/system.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { diskUsage } from '../../services/disk-usage.js';
import { speaks } from '../version.js';
import { withVirtualSize } from './images.js';

/** How much room there is taken. */
export const diskUsageRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/system/df',
      {
        schema: {
          summary: 'How much room images, containers and volumes take',
          querystring: Type.Object({
            type: Type.Optional(
              Type.Array(Type.String(), {
                description: 'container, image, volume, build-cache; all where none is given.',
              }),
            ),
          }),
          response: { 200: DiskUsage },
        },
      },
      async (request) => {
        const usage = await diskUsage(deps, request.query.type ?? []);
        return {
          ...usage,
          Images: usage.Images?.map((image) => withVirtualSize(request, image)) ?? null,
          ...(!speaks(request, '1.42') && { BuilderSize: 0 }),
        };
      },
    );
  };
