import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DistributionInspect, ImageSearchItem } from '@tinydocker/shared/api/images.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { FastifyReply } from 'fastify';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { inspectDistribution } from '../../services/images/distribution.js';
import { importImage } from '../../services/images/import.js';
import { pullImages } from '../../services/images/pull.js';
import { pushImages } from '../../services/images/push.js';
import { saveImages } from '../../services/images/save.js';
import { searchImages } from '../../services/images/search.js';
import { verifyImages } from '../../services/images/verify.js';
import { Progress } from '../progress.js';
import { registryAuth } from '../registry-auth.js';

const text = (description: string) => Type.Optional(Type.String({ description }));
const texts = (description: string) => Type.Optional(Type.Array(Type.String(), { description }));

const name = Type.Object({ name: Type.String({ description: 'Name, id or the beginning of an id.' }) });
const PLATFORM = 'os/architecture/variant';

/** Images on their way from and to registries and archives. */
export const imageTransferRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/images/create',
      {
        // No limit: a root file system that is imported is as large as it is.
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: {
          summary: 'Pull an image from a registry, or make one of a root file system',
          querystring: Type.Object({
            fromImage: text('Its name; without a tag or digest, here or in `tag`, all tags.'),
            tag: text('Its tag or digest; with fromSrc, the tag in `repo`.'),
            platform: text(`${PLATFORM}; this machine’s where there is a choice.`),
            fromSrc: text('"-": the body, an archive; else the address of one.'),
            repo: text('With fromSrc: a name for the image.'),
            message: text('With fromSrc: what is said of it in its history.'),
            changes: texts('With fromSrc: instructions of a Dockerfile.'),
          }),
        },
      },
      (request, reply) => {
        const { fromImage = '', fromSrc, ...query } = request.query;
        const progress = new Progress(reply);
        const { signal } = progress;
        const report = (message: object) => void progress.write(message);
        if (fromImage !== '') {
          const pull = { fromImage, ...query, auth: registryAuth(request), signal };
          return progress.run(() => pullImages(deps, pull, report));
        }
        if (!fromSrc) throw invalid('invalid reference format: either fromImage or fromSrc must be given');
        const body = (request.body ?? []) as Readable;
        return progress.run(() => importImage(deps, { fromSrc, ...query, signal }, body, report));
      },
    );

    app.post(
      '/images/:name/push',
      {
        schema: {
          summary: 'Push an image to a registry',
          params: name,
          querystring: Type.Object({
            tag: text('Its tag; without one, all tags of the repository.'),
            platform: text('Accepted; an image is for one platform.'),
          }),
        },
      },
      (request, reply) => {
        const progress = new Progress(reply);
        const { signal } = progress;
        const push = { name: request.params.name, tag: request.query.tag, auth: registryAuth(request), signal };
        return progress.run(() => pushImages(deps, push, (message) => void progress.write(message)));
      },
    );

    const archive = (reply: FastifyReply, names: readonly string[], platform?: string) =>
      reply.type('application/x-tar').send(saveImages(deps, names, platform));

    app.get(
      '/images/get',
      {
        schema: {
          summary: 'Several images as one archive',
          querystring: Type.Object({
            names: texts('Names or ids.'),
            platform: text(`${PLATFORM} that they have to be for.`),
          }),
        },
      },
      ({ query }, reply) => archive(reply, query.names ?? [], query.platform),
    );

    app.get(
      '/images/:name/get',
      {
        schema: {
          summary: 'An image as an archive',
          params: name,
          querystring: Type.Object({ platform: text(`${PLATFORM} that it has to be for.`) }),
        },
      },
      ({ params, query }, reply) => archive(reply, [params.name], query.platform),
    );

    app.get(
      '/images/search',
      {
        schema: {
          summary: 'Look for images in a registry',
          querystring: Type.Object({
            term: Type.String({ description: 'Words; behind the name of a registry and a slash, in that.' }),
            limit: Type.Optional(Type.Integer({ description: 'How many at most.' })),
            filters: text('JSON: is-official, is-automated, stars.'),
          }),
          response: { 200: Type.Array(ImageSearchItem) },
        },
      },
      (request) => searchImages(deps, { ...request.query, auth: registryAuth(request) }),
    );

    app.get(
      '/distribution/:name/json',
      {
        schema: {
          summary: 'What a name stands for in its registry',
          params: Type.Object({ name: Type.String({ description: 'The name of an image.' }) }),
          response: { 200: DistributionInspect },
        },
      },
      (request) => inspectDistribution(deps, request.params.name, registryAuth(request)),
    );

    app.post(
      '/images/verify',
      {
        schema: {
          summary: 'Compare what images are made of with its digests',
          description: 'Not in the API of Docker. The answer is a JSON object a line: ImageVerifyLine.',
          querystring: Type.Object({ names: texts('Names or ids; none: all images.') }),
        },
      },
      (request, reply) => {
        const progress = new Progress(reply);
        const names = request.query.names ?? [];
        return progress.run(() => verifyImages(deps, names, progress.signal, (line) => void progress.write(line)));
      },
    );
  };
