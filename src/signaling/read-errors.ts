import type { MetaError } from '../call/index.ts';
import { errorItem } from './webhook-schema.ts';

/** Reads errors of a webhook; one without a code is left out. Reports with only code and title exist (meta-calling.md §3.6). */
export function readErrors(items: readonly unknown[]): readonly MetaError[] {
  const errors = items.flatMap((item) => {
    const parsed = errorItem.safeParse(item);
    if (!parsed.success || parsed.data.code === null) return [];
    const { code, title, message, error_data: data } = parsed.data;
    return [{ code, title: title ?? message, details: data.details }];
  });
  return mergeErrors(errors);
}

/** One error per code; what one copy leaves out is taken from the next. */
export function mergeErrors(errors: readonly MetaError[]): readonly MetaError[] {
  const byCode = new Map<number, MetaError>();
  for (const error of errors) {
    const known = byCode.get(error.code);
    byCode.set(error.code, {
      code: error.code,
      title: known?.title ?? error.title,
      details: known?.details ?? error.details,
    });
  }
  return [...byCode.values()];
}
