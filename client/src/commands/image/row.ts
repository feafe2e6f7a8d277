import type { ImageSummary } from '@tinydocker/shared/api/images.js';
import { humanSize } from '@tinydocker/shared/units.js';
import type { ListFormat } from '../../output/list-format.js';
import { ago, createdAt } from '../../output/time.js';

const NONE = '<none>';

/** One line: an image by one of its names. */
export interface ImageRow {
  image: ImageSummary;
  repository: string;
  tag: string;
  digest: string;
}

/** Takes a name apart at the colon of its tag, which stands after the last slash. */
function splitTag(name: string): { repository: string; tag: string } {
  const colon = name.lastIndexOf(':');
  if (colon <= name.lastIndexOf('/')) return { repository: name, tag: NONE };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function rowsOf(image: ImageSummary, withDigests: boolean): ImageRow[] {
  const digests = (image.RepoDigests ?? [])
    .map((name) => name.split('@') as [string, string])
    .filter(([repository]) => repository !== NONE);
  const digestOf = (repository: string) =>
    withDigests ? (digests.find(([name]) => name === repository)?.[1] ?? NONE) : NONE;
  const tags = (image.RepoTags ?? []).filter((name) => name !== `${NONE}:${NONE}`).map(splitTag);
  const rows = tags.map(({ repository, tag }) => ({ image, repository, tag, digest: digestOf(repository) }));
  const named = new Set(tags.map(({ repository }) => repository));
  for (const [repository, digest] of digests) {
    if (!named.has(repository)) rows.push({ image, repository, tag: NONE, digest: withDigests ? digest : NONE });
  }
  return rows.length > 0 ? rows : [{ image, repository: NONE, tag: NONE, digest: NONE }];
}

/** A line for every name of every image. */
export const imageRows = (images: readonly ImageSummary[], withDigests: boolean): ImageRow[] =>
  images.flatMap((image) => rowsOf(image, withDigests));

const counted = (count: number): string => (count === -1 ? 'N/A' : String(count));

/** What `images` shows. */
export const imageFormat = (truncate: boolean, digests: boolean): ListFormat<ImageRow> => ({
  columns: {
    ID: {
      heading: 'IMAGE ID',
      value: ({ image }) => (truncate ? image.Id.replace(/^sha256:/, '').slice(0, 12) : image.Id),
    },
    Repository: { heading: 'REPOSITORY', value: ({ repository }) => repository },
    Tag: { heading: 'TAG', value: ({ tag }) => tag },
    Digest: { heading: 'DIGEST', value: ({ digest }) => digest },
    CreatedSince: { heading: 'CREATED', value: ({ image }) => ago(image.Created) },
    CreatedAt: { heading: 'CREATED AT', value: ({ image }) => createdAt(image.Created) },
    Size: { heading: 'SIZE', value: ({ image }) => humanSize(image.Size, 3) },
    Containers: { heading: 'CONTAINERS', value: ({ image }) => counted(image.Containers) },
    VirtualSize: { heading: 'SIZE', value: ({ image }) => humanSize(image.Size) },
    SharedSize: {
      heading: 'SHARED SIZE',
      value: ({ image }) => (image.SharedSize === -1 ? 'N/A' : humanSize(image.SharedSize)),
    },
    UniqueSize: {
      heading: 'UNIQUE SIZE',
      value: ({ image }) => (image.SharedSize === -1 ? 'N/A' : humanSize(image.Size - image.SharedSize)),
    },
  },
  table: `table {{.Repository}}\t{{.Tag}}\t${digests ? '{{.Digest}}\t' : ''}{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`,
});
