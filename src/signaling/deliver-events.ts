import type { AccountEvent, AccountEventSink, AccountFinding } from './account-event.ts';
import type { ArtifactSink } from './artifact-event.ts';
import { deliverMessages } from './deliver-messages.ts';
import type { MessageSink } from './message-word.ts';
import type { PermissionEventSink } from './permission-event.ts';
import type { CallEventSink, NumberDirectory, RawWebhook, SignalingClock } from './ports.ts';
import { maySpeakFor } from './speaks-for.ts';
import type { ParsedWebhook } from './webhook-parser.ts';

export interface Recipients {
  readonly sink: CallEventSink;
  readonly permissions: PermissionEventSink;
  readonly accounts: AccountEventSink;
  /** Default: nobody wants files of calls. */
  readonly artifacts?: ArtifactSink;
  /** Default: nobody keeps messages. */
  readonly messages?: MessageSink;
  readonly directory: NumberDirectory;
  readonly clock: Pick<SignalingClock, 'now'>;
}

export interface Delivered {
  readonly taken: number;
  /** Events of numbers that are not ours, or for which the webhook may not speak: nobody is handed them. */
  readonly foreign: number;
  /** Resolves when what was said of calls is in the log; never rejects. */
  readonly written: Promise<unknown>;
}

/**
 * Hands every event of one webhook over, one after the other. Calls come first, because somebody is on the phone. Rejects
 * with the first event that is not taken; those behind it are then not handed over.
 *
 * @param webhook what was parsed
 * @param awaiting bounds the time that one event may take
 */
export async function deliverEvents(
  parsed: ParsedWebhook,
  webhook: Pick<RawWebhook, 'speaksFor'>,
  { sink, permissions, accounts, artifacts, messages, directory, clock }: Recipients,
  awaiting: (handling: Promise<void>) => Promise<void>,
): Promise<Delivered> {
  const isOurs = (phoneNumberId: string) => directory.isOurs(phoneNumberId) && maySpeakFor(webhook, phoneNumberId);
  for (const [phoneNumberId, display] of parsed.displays) {
    // The app of one number could have it displayed as another, and so take what Meta says of that one by its display.
    const isTaken = webhook.speaksFor !== undefined && directory.numbersShowing(display).length > 0;
    if (isOurs(phoneNumberId) && !isTaken) await directory.showsAs(phoneNumberId, display);
  }
  let taken = 0;
  let foreign = 0;
  const writing: Promise<void>[] = [];
  for (const event of parsed.events) {
    if (isOurs(event.identity.phoneNumberId)) {
      await awaiting(sink.handle(event));
      writing.push(sink.written(event.identity.callId));
      taken += 1;
    } else foreign += 1;
  }
  for (const event of parsed.permissions) {
    if (isOurs(event.phoneNumberId)) {
      await awaiting(permissions.handle(event));
      taken += 1;
    } else foreign += 1;
  }
  for (const event of parsed.artifacts) {
    if (artifacts !== undefined && isOurs(event.phoneNumberId)) {
      await awaiting(artifacts.handle(event));
      taken += 1;
    } else foreign += 1;
  }
  // They were counted above, as what they are to the permission to call.
  if (messages !== undefined) await deliverMessages(parsed.messages, messages, isOurs, awaiting, () => clock.now());
  for (const finding of parsed.accounts) {
    const events = eventsOf(finding, directory).filter(({ phoneNumberId }) => isOurs(phoneNumberId));
    for (const event of events) await awaiting(accounts.handle(event));
    taken += events.length;
    if (events.length === 0) foreign += 1;
  }
  return { taken, foreign, written: Promise.all(writing) };
}

function eventsOf({ of, ...rest }: AccountFinding, directory: NumberDirectory): readonly AccountEvent[] {
  const numbers = 'phoneNumberId' in of ? [of.phoneNumberId] : directory.numbersShowing(of.displayPhoneNumber);
  return numbers.map((phoneNumberId) => ({ phoneNumberId, ...rest }));
}
