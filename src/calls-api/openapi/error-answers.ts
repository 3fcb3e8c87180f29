import { z } from 'zod';
import { API_ERRORS, type ApiErrorName } from '../base/error-table.ts';
import { isPlatformPath } from '../base/platform-path.ts';
import type { DescribedRoute } from './route-book.ts';

/** What every route with a key may answer. */
const COMMON: readonly ApiErrorName[] = [
  'bad_request',
  'unauthorized',
  'project_not_found',
  'rate_limited',
  'internal',
];
/** And every one that takes a body. */
const WITH_BODY: readonly ApiErrorName[] = ['body_too_large', 'too_deep'];

const graphError = z
  .object({
    // What Meta says passes through unchanged, with whatever it has beside these.
    error: z.looseObject({
      message: z.string(),
      type: z.string(),
      code: z.int(),
      error_subcode: z.int().optional(),
      error_data: z
        .looseObject({ messaging_product: z.string().optional(), details: z.string().optional() })
        .optional(),
      fbtrace_id: z.string().optional(),
    }),
  })
  .meta({ id: 'GraphError', description: "An error in Graph's form; `code` and `type` as Meta has them." });

const platformError = z
  .union([
    z.looseObject({ error: z.string(), code: z.int().optional() }),
    z.object({ errors: z.record(z.string(), z.array(z.string())) }),
  ])
  .meta({
    id: 'PlatformError',
    description: 'What went wrong, or the fields of the body that are wrong with their rules.',
  });

/** The error answers of one operation, by HTTP status. */
export function errorAnswers({ url, operation }: DescribedRoute) {
  const { scope, installation, body, errors = [] } = operation;
  const schema = isPlatformPath(url) ? platformError : graphError;
  const byStatus = new Map<number, string[]>();
  const names = [
    ...COMMON,
    // Every key may read.
    ...(scope === 'read' && installation !== true ? [] : (['forbidden'] as const)),
    ...(body === undefined ? [] : WITH_BODY),
    ...errors,
  ];
  for (const name of new Set(names)) {
    const { status, message } = API_ERRORS[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${name}\`: ${message}.`]);
  }
  const answers = [...byStatus]
    .toSorted(([a], [b]) => a - b)
    .map(([status, lines]) => [
      String(status),
      { description: lines.join('\n\n'), content: { 'application/json': { schema } } },
    ]);
  return Object.fromEntries(answers);
}
