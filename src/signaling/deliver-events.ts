import type { CallingRestriction, PermissionEvent, PermissionEventSink } from './permission-event.ts';
import type { CallEventSink, NumberDirectory } from './ports.ts';
import type { ParsedWebhook } from './webhook-parser.ts';

export interface Recipients {
  readonly sink: CallEventSink;
  readonly permissions: PermissionEventSink;
  readonly directory: NumberDirectory;
}

export interface Delivered {
  readonly taken: number;
  /** Events of numbers that are not ours: nobody is handed them. */
  readonly foreign: number;
}

/**
 * Hands every event of one webhook over, one after the other. Calls come first, because somebody is on the phone. Rejects
 * with the first event that is not taken; those behind it are then not handed over.
 *
 * @param awaiting bounds the time that one event may take
 */
export async function deliverEvents(
  parsed: ParsedWebhook,
  { sink, permissions, directory }: Recipients,
  awaiting: (handling: Promise<void>) => Promise<void>,
): Promise<Delivered> {
  for (const [phoneNumberId, display] of parsed.displays) {
    if (directory.isOurs(phoneNumberId)) await directory.showsAs(phoneNumberId, display);
  }
  let taken = 0;
  let foreign = 0;
  for (const event of parsed.events) {
    if (directory.isOurs(event.identity.phoneNumberId)) {
      await awaiting(sink.handle(event));
      taken += 1;
    } else foreign += 1;
  }
  const restrictions = parsed.restrictions.map((restriction) => eventOf(restriction, directory));
  for (const event of [...parsed.permissions, ...restrictions]) {
    if (event !== null && directory.isOurs(event.phoneNumberId)) {
      await awaiting(permissions.handle(event));
      taken += 1;
    } else foreign += 1;
  }
  return { taken, foreign };
}

function eventOf(
  { displayPhoneNumber, ...rest }: CallingRestriction,
  directory: NumberDirectory,
): PermissionEvent | null {
  const phoneNumberId = directory.numberShowing(displayPhoneNumber);
  return phoneNumberId === null ? null : { type: 'calling_restricted', phoneNumberId, ...rest };
}
