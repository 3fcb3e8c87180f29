import { readAccountChange } from './account-change.ts';
import type { AccountFinding } from './account-event.ts';
import { readAccountSettingsChange } from './account-settings-change.ts';
import type { ArtifactEvent } from './artifact-event.ts';
import { readCallsChange } from './calls-change.ts';
import { noFindings } from './findings.ts';
import { moment } from './lenient.ts';
import type { KeepsMessages, MessageWord } from './message-word.ts';
import { readMessagesChange } from './messages-change.ts';
import type { PermissionEvent } from './permission-event.ts';
import type { CallEvent, IgnoredItem } from './ports.ts';
import { nameOf } from './reading.ts';
import { changesOf } from './webhook-envelope.ts';

export interface ParsedWebhook {
  /**
   * In Meta's order, which promises nothing: a terminate or REJECTED may stand before the connect of its call
   * (kapso-api.md §11). It is not sorted here, because the same happens across deliveries; the call machine and the
   * tombstones of the runtime take every order.
   */
  readonly events: readonly CallEvent[];
  /** Who may be called, and who wrote when. In Meta's order. */
  readonly permissions: readonly PermissionEvent[];
  /** What Meta says of the numbers themselves. In Meta's order. */
  readonly accounts: readonly AccountFinding[];
  /** Recordings and transcripts that are ready. */
  readonly artifacts: readonly ArtifactEvent[];
  /** Who wrote to a number, and what became of what it wrote. In Meta's order. */
  readonly messages: readonly MessageWord[];
  readonly ignored: readonly IgnoredItem[];
  /** Whose calls it speaks of, whether or not that was understood. */
  readonly numbers: ReadonlySet<string>;
  /** How numbers are displayed, by their ids. */
  readonly displays: ReadonlyMap<string, string>;
}

/**
 * Reads what a webhook says about calls and about the permission to call. Takes the raw bytes or the parsed JSON, and never
 * throws: whatever is unknown, incomplete or of another shape is listed as ignored. `receivedAt` (Unix ms) stands in for
 * times that are missing. Numbers are not looked up; events may be of a number that is not ours. Of messages nothing is read
 * but who wrote and when, unless their number `keeps` them.
 */
export function parseWebhook(body: unknown, receivedAt: number, keeps: KeepsMessages = () => false): ParsedWebhook {
  const found = noFindings();
  let changes = 0;
  for (const change of changesOf(Buffer.isBuffer(body) ? parseJson(body) : body)) {
    changes += 1;
    const fallbackTime = moment.parse(change.entryTime) ?? receivedAt;
    switch (change.field) {
      case 'calls':
        readCallsChange(change, fallbackTime, found);
        break;
      case 'messages':
        readMessagesChange(change, fallbackTime, found, keeps);
        break;
      case 'account_update':
        readAccountChange(change, fallbackTime, found);
        break;
      case 'account_settings_update':
        readAccountSettingsChange(change, fallbackTime, found);
        break;
      default: {
        const reason = `field ${nameOf(change.field)} is not worked off`;
        found.ignored.push({ where: `${change.where}.field`, reason });
      }
    }
  }
  if (changes === 0) found.ignored.push({ where: 'body', reason: 'no changes' });
  return found;
}

/** Undefined if it is no JSON. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
