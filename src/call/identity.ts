/** Who started the call. Meta says USER_INITIATED and BUSINESS_INITIATED (meta-calling.md §3.3). */
export type Direction = 'inbound' | 'outbound';

/**
 * The WhatsApp user of a call. Users with a username may have no phone number, so every field can be missing,
 * but never `waId` and `userId` together (meta-calling.md §3.3).
 */
export interface User {
  /** Phone number in digits, as Meta spells it. */
  readonly waId: string | null;
  /** Business-scoped user id (BSUID), such as `US.1349…`. */
  readonly userId: string | null;
  readonly parentUserId: string | null;
  readonly name: string | null;
}

/** Whether this is a BSUID; nothing of one may be taken for a phone number (kapso-api.md §11). */
export function isBsuid(text: string): boolean {
  return /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/.test(text);
}

/** What a call is, from its first webhook (or its dial) to the end. */
export interface CallIdentity {
  /** Our own id (UUID). */
  readonly id: string;
  /** Meta's id, `wacid.…`. Of a dial that Meta has not named yet, our own. */
  readonly callId: string;
  readonly direction: Direction;
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string | null;
  readonly user: User;
  /** When Meta says the call began, Unix milliseconds. */
  readonly startedAt: number;
  /** Payload of the call button or deep link the user came from. */
  readonly ctaPayload: string | null;
  readonly deeplinkPayload: string | null;
  /** Of a dial, what the client gave us with it; Graph is given `callbackDataOf` in its place. */
  readonly bizOpaqueCallbackData: string | null;
}

/** Whether Meta has told its id of the call; of a dial that may take a moment. */
export function isNamed({ id, callId }: CallIdentity): boolean {
  return id !== callId;
}

const CALLBACK_PREFIX = 'talkwire:';

/** What Graph is given with a dial and repeats in its webhooks: by it a call is known before Graph has named it. */
export function callbackDataOf({ id }: CallIdentity): string {
  return `${CALLBACK_PREFIX}${id}`;
}

/** Our own id in what a webhook repeats; null if it is not of ours. */
export function keyInCallbackData(data: string | null): string | null {
  return data?.startsWith(CALLBACK_PREFIX) === true ? data.slice(CALLBACK_PREFIX.length) : null;
}
