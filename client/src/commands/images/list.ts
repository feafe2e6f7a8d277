import type { ImageSummary } from '@tinydocker/shared/api/images.js';
import { humanDuration, humanSize } from '@tinydocker/shared/units.js';
import { collect, examples, type Verb } from '../../command.js';
import { type Columns, printRows } from '../../output/table.js';
import { goTime } from '../containers/list.js';
import { filters } from '../filters.js';

interface ListFlags {
  all?: true;
  digests?: true;
  filter?: string[];
  format?: string;
  trunc: boolean;
  quiet?: true;
}

interface Row {
  image: ImageSummary;
  repository: string;
  tag: string;
  digest: string;
}

/** A row for every name, or one for an image without. */
function rowsOf(image: ImageSummary): Row[] {
  const digest = (repository: string) =>
    image.RepoDigests?.find((d) => d.startsWith(`${repository}@`))?.split('@')[1] ?? '<none>';
  const names = (image.RepoTags ?? []).filter((t) => t !== '<none>:<none>');
  if (names.length === 0) return [{ image, repository: '<none>', tag: '<none>', digest: '<none>' }];
  return names.map((name) => {
    const colon = name.lastIndexOf(':');
    const repository = name.slice(0, colon);
    return { image, repository, tag: name.slice(colon + 1), digest: digest(repository) };
  });
}

function columns(trunc: boolean, digests: boolean): Columns<Row> {
  return {
    standard: ['Repository', 'Tag', ...(digests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'],
    fields: {
      Repository: ['REPOSITORY', (r) => r.repository],
      Tag: ['TAG', (r) => r.tag],
      Digest: ['DIGEST', (r) => r.digest],
      ID: ['IMAGE ID', (r) => (trunc ? r.image.Id.replace('sha256:', '').slice(0, 12) : r.image.Id)],
      CreatedSince: [
        'CREATED',
        (r) => (r.image.Created > 0 ? `${humanDuration(Date.now() / 1000 - r.image.Created)} ago` : 'N/A'),
      ],
      CreatedAt: ['CREATED AT', (r) => (r.image.Created > 0 ? goTime(r.image.Created) : 'N/A')],
      Size: ['SIZE', (r) => humanSize(r.image.Size, 3)],
      Containers: ['CONTAINERS', (r) => (r.image.Containers >= 0 ? String(r.image.Containers) : 'N/A')],
      SharedSize: ['SHARED SIZE', (r) => (r.image.SharedSize >= 0 ? humanSize(r.image.SharedSize, 3) : 'N/A')],
      UniqueSize: [
        'UNIQUE SIZE',
        (r) => (r.image.SharedSize >= 0 ? humanSize(r.image.Size - r.image.SharedSize, 3) : 'N/A'),
      ],
      VirtualSize: ['VIRTUAL SIZE', (r) => humanSize(r.image.Size, 3)],
    },
  };
}

export const list: Verb = {
  summary: 'List images',
  define(command, context) {
    command
      .argument('[reference]')
      .usage('[OPTIONS] [REPOSITORY[:TAG]]')
      .option('-a, --all', 'Show images without a name, too')
      .option('--digests', 'Show digests')
      .option('-f, --filter <name=value>', 'Only those that match (dangling=true, label=a=b)', collect)
      .option('--format <template>', 'Go template, "table TEMPLATE" or "json"')
      .option('--no-trunc', 'Do not shorten')
      .option('-q, --quiet', 'Print ids alone')
      .addHelpText('after', examples('images', "images --format '{{.Repository}}:{{.Tag}}'"))
      .action(async (reference: string | undefined, flags: ListFlags) => {
        const images = await context.engine.get<ImageSummary[]>('/images/json', {
          all: flags.all,
          digests: flags.digests,
          filters: filters(flags.filter, reference ? { reference: [reference] } : {}),
        });
        const rows = flags.quiet && !flags.format ? images.map((i) => rowsOf(i)[0]!) : images.flatMap(rowsOf);
        printRows(
          context.stdout,
          columns(flags.trunc, flags.digests ?? false),
          rows,
          flags.format ?? (flags.quiet ? '{{.ID}}' : undefined),
        );
      });
  },
};
