import { refusal } from '../api/engine.js';
import { ApiError } from '../api/errors.js';
import { encodeJson } from '../api/json.js';
import type { Context } from '../command.js';
import { Failure, messageOf } from '../errors.js';
import { inspectTemplate } from '../output/inspect-format.js';

/** What Docker's template package ends with when a template cannot be parsed. */
const TEMPLATE_CODE = 64;

/**
 * Prints what the daemon says about some objects: an array of JSON, or a line each as the template says. Those that are
 * not there are named at the end.
 * @returns the exit code
 */
export async function inspectObjects(
  { stdout, stderr }: Context,
  names: readonly string[],
  format: string | undefined,
  fetch: (name: string) => Promise<unknown>,
): Promise<number> {
  let template: ReturnType<typeof inspectTemplate> | undefined;
  try {
    template = format && format !== 'json' ? inspectTemplate(format) : undefined;
  } catch (error) {
    throw new Failure(`template parsing error: ${messageOf(error)}`, TEMPLATE_CODE);
  }
  const found: unknown[] = [];
  const errors: string[] = [];
  for (const name of names) {
    try {
      found.push(await fetch(name));
    } catch (error) {
      if (error instanceof ApiError) errors.push(refusal(error));
      else if (error instanceof Failure) errors.push(error.message);
      else throw error;
    }
  }
  if (template) {
    const lines: string[] = [];
    for (const object of found) {
      try {
        lines.push(`${template.render(object)}\n`);
      } catch (error) {
        errors.unshift(`template parsing error: ${messageOf(error)}`);
        lines.push('\n');
        break;
      }
    }
    stdout.write(lines.join(''));
  } else stdout.write(`${encodeJson(found, format === 'json' ? 0 : 4)}\n`);
  for (const error of errors) stderr.write(`${error}\n`);
  return errors.length > 0 ? 1 : 0;
}
