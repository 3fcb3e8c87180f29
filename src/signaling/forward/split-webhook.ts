import { changesOf, displayOf, numbersIn, property, type WebhookChange } from '../webhook-envelope.ts';
import { parseExactly } from './exact-json.ts';
import type { ForwardedWebhook } from './forwarder.ts';
import { type ChangePart, MAX_PARTS, splitByCall, whole } from './split-change.ts';

export interface SplitOptions {
  /** Whose parts are wanted. */
  readonly wants: (phoneNumberId: string) => boolean;
  /** The numbers that are displayed so (digits): some changes name a number by nothing else (meta-calling.md §3.11). */
  readonly numbersShowing: (display: string) => readonly string[];
}

/** All parts together, in characters. What comes is at most 3 MB, and only made-up bodies grow by much when they are split. */
const MAX_TOTAL = 8_000_000;

/**
 * Splits a webhook by number and by call, each in Meta's order (kapso-api.md §10); by number alone if that would come to far
 * more than any webhook of Meta's. What names no number belongs to nobody. Never throws.
 */
export function splitWebhook(body: Buffer, options: SplitOptions): readonly ForwardedWebhook[] {
  const text = body.toString('utf8');
  const parsed = parseExactly(text);
  const changes = [...changesOf(parsed)];
  const write = ({ parts }: Group) => {
    const isAll = changes.every(({ where }) => parts.get(where)?.isWhole === true);
    return isAll ? text : JSON.stringify(only(parsed, parts));
  };
  const byCall = written(groupsOf(changes, options, splitByCall), write, MAX_TOTAL);
  return (
    byCall ??
    written(
      groupsOf(changes, options, ({ value }) => [whole(value)]),
      write,
      Number.POSITIVE_INFINITY,
    )!
  );
}

interface Group {
  readonly phoneNumberId: string;
  readonly callId: string | null;
  /** By the place of their change. */
  readonly parts: Map<string, ChangePart>;
}

function groupsOf(
  changes: readonly WebhookChange[],
  options: SplitOptions,
  split: (change: WebhookChange) => readonly ChangePart[],
): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const change of changes) {
    for (const { phoneNumberId, value, isWhole } of byNumber(change, options)) {
      if (!options.wants(phoneNumberId)) continue;
      for (const part of split({ ...change, value })) {
        const group = groupOf(groups, phoneNumberId, part.callId);
        group.parts.set(change.where, { ...part, isWhole: part.isWhole && isWhole });
      }
    }
  }
  return [...groups.values()];
}

/** Null if they are too many, or too long together. */
function written(
  groups: readonly Group[],
  write: (group: Group) => string,
  max: number,
): readonly ForwardedWebhook[] | null {
  if (groups.length > MAX_PARTS && Number.isFinite(max)) return null;
  const bodies: ForwardedWebhook[] = [];
  let total = 0;
  for (const group of groups) {
    const { phoneNumberId, callId } = group;
    const body = write(group);
    total += body.length;
    if (total > max) return null;
    bodies.push({ phoneNumberId, callId, body });
  }
  return bodies;
}

function groupOf(groups: Map<string, Group>, phoneNumberId: string, callId: string | null): Group {
  const key = JSON.stringify([phoneNumberId, callId]);
  const group = groups.get(key) ?? { phoneNumberId, callId, parts: new Map() };
  groups.set(key, group);
  return group;
}

interface NumberPart {
  readonly phoneNumberId: string;
  readonly value: unknown;
  readonly isWhole: boolean;
}

/** Some samples of `account_update` print a list, whose items may be of several numbers. */
function byNumber({ field, value }: WebhookChange, { numbersShowing }: SplitOptions): readonly NumberPart[] {
  const items = Array.isArray(value) ? value : [value];
  const named = items.map((item) => {
    const ids = numbersIn(item);
    if (ids.length > 0) return ids;
    const display = field === 'account_update' ? displayOf(item) : null;
    return display === null ? [] : numbersShowing(display);
  });
  return [...new Set(named.flat())].map((phoneNumberId) => {
    const own = items.filter((_, index) => named[index]?.includes(phoneNumberId));
    return { phoneNumberId, value: Array.isArray(value) ? own : value, isWhole: own.length === items.length };
  });
}

/** The body with these parts alone. Entries and changes of which nothing is left are left out. */
function only(body: unknown, parts: ReadonlyMap<string, ChangePart>): unknown {
  const entries = (property(body, 'entry') as readonly unknown[]).flatMap((entry, e) => {
    const changes = property(entry, 'changes');
    if (!Array.isArray(changes)) return [];
    const kept = changes.flatMap((change, c) => {
      const part = parts.get(`entry[${e}].changes[${c}]`);
      return part === undefined ? [] : [{ ...(change as object), value: part.value }];
    });
    return kept.length === 0 ? [] : [{ ...(entry as object), changes: kept }];
  });
  return { ...(body as object), entry: entries };
}
