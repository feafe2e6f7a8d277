import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  ImageDeleteResponseItem,
  ImageHistoryResponseItem,
  ImageInspect,
  ImageSummary,
} from '@tinydocker/shared/api/images.js';
import { invalid } from '@tinydocker/shared/errors.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { imageHistory } from '../../services/images/history.js';
import { inspectImage } from '../../services/images/inspect.js';
import { IMAGE_FILTERS, listImages } from '../../services/images/list.js';
import { loadImages } from '../../services/images/load.js';
import { removeImage } from '../../services/images/remove.js';
import { tagImage } from '../../services/images/tag.js';
import { Progress } from '../progress.js';
import { speaks } from '../version.js';

const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const text = (description: string) => Type.Optional(Type.String({ description }));

const name = Type.Object({ name: Type.String({ description: 'Name, id or the beginning of an id.' }) });

/** Before 1.44 there was a second name for the size. */
export const withVirtualSize = <T extends { Size: number }>(request: { apiVersion: string }, image: T): T =>
  speaks(request, '1.44') ? image : { ...image, VirtualSize: image.Size };

/** What a line of the list looked like before: containers were not counted, an image without a name had a name for that. */
function summaryFor(request: { apiVersion: string }, image: ImageSummary): ImageSummary {
  const summary = withVirtualSize(request, speaks(request, '1.51') ? image : { ...image, Containers: -1 });
  if (speaks(request, '1.43') || summary.RepoTags.length > 0) return summary;
  return { ...summary, RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] };
}

const PLATFORM = 'JSON of the platform that it has to be for: {"os":"linux","architecture":"amd64"}.';

/** The platform a client asks for; before the version that knows it, it says nothing. */
const platformFor = (request: { apiVersion: string }, since: string, platform: string | undefined) =>
  platform && speaks(request, since) ? platform : undefined;

/** Everything under /images. */
export const imageRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/images/json',
      {
        schema: {
          summary: 'List images',
          querystring: Type.Object({
            all: flag('Also what is between two steps of a build.'),
            digests: flag('Accepted; digests are always shown.'),
            manifests: flag('Accepted; an image is for one platform.'),
            'shared-size': flag('Count the bytes that images share.'),
            filters: text(`JSON: ${IMAGE_FILTERS.join(', ')}.`),
          }),
          response: { 200: Type.Array(ImageSummary) },
        },
      },
      (request, reply) => {
        const { all, filters, 'shared-size': sharedSize } = request.query;
        reply.send(listImages(deps, { all, filters, sharedSize }).map((image) => summaryFor(request, image)));
      },
    );

    app.post(
      '/images/load',
      {
        // No limit: an archive is as large as its images. It is streamed to disk.
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: {
          summary: 'Load images from a tar archive',
          description: 'The body is what `docker save` writes or an OCI image layout, plain or gzip.',
          querystring: Type.Object({
            quiet: flag('No progress.'),
            platform: text('Accepted; the variant for this machine is loaded.'),
          }),
        },
      },
      (request, reply) => {
        const progress = new Progress(reply);
        const body = (request.body ?? []) as Readable;
        const quiet = request.query.quiet === true;
        return progress.run(() =>
          loadImages(deps, body, (message) => {
            if (!quiet || !('status' in message)) progress.write(message);
          }),
        );
      },
    );

    app.get(
      '/images/:name/json',
      {
        schema: {
          summary: 'Inspect an image',
          params: name,
          querystring: Type.Object({
            manifests: flag('Accepted; an image is for one platform.'),
            platform: text(PLATFORM),
          }),
          response: { 200: ImageInspect },
        },
      },
      (request, reply) => {
        const { manifests, platform } = request.query;
        const wanted = platformFor(request, '1.49', platform);
        if (manifests && wanted)
          throw invalid('conflicting options: manifests and platform options cannot both be set');
        reply.send(withVirtualSize(request, inspectImage(deps, request.params.name, wanted)));
      },
    );

    app.get(
      '/images/:name/history',
      {
        schema: {
          summary: 'How an image came to be',
          params: name,
          querystring: Type.Object({ platform: text(PLATFORM) }),
          response: { 200: Type.Array(ImageHistoryResponseItem) },
        },
      },
      (request) => imageHistory(deps, request.params.name, platformFor(request, '1.48', request.query.platform)),
    );

    app.post(
      '/images/:name/tag',
      {
        schema: {
          summary: 'Give an image a further name',
          params: name,
          querystring: Type.Object({ repo: text('The name.'), tag: text('Its tag; "latest" where there is none.') }),
        },
      },
      ({ params, query }, reply) => {
        tagImage(deps, params.name, query);
        reply.code(201).send();
      },
    );

    app.delete(
      '/images/:name',
      {
        schema: {
          summary: 'Remove an image or a name of it',
          params: name,
          querystring: Type.Object({
            force: flag('Also with several names, and when stopped containers use it.'),
            noprune: flag('Accepted; there are no images that only build on others.'),
          }),
          response: { 200: Type.Array(ImageDeleteResponseItem) },
        },
      },
      ({ params, query }) => removeImage(deps, params.name, query),
    );
  };
