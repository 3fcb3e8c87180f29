import type { FaultInput } from './faults.ts';
import type { HandsetFactory } from './handset.ts';
import type { NetworkProfileName } from './network/profiles.ts';
import { DEFAULT_RETRY_DELAYS_MS } from './webhook-sender.ts';
import type { SimulatedUser } from './webhooks.ts';

/** Times in milliseconds. Everything but the first five has a default. */
export interface SimulatedWhatsAppOptions {
  /** Where the bridge takes webhooks. A function is asked at each delivery, for a bridge that starts later. */
  readonly bridgeWebhookUrl: string | (() => string);
  readonly appSecret: string;
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string;
  /** Bearer token that the bridge must show to Graph. */
  readonly token: string;
  readonly businessAccountId?: string;
  /** Where Graph and the phones listen; 127.0.0.1. */
  readonly host?: string;
  /** Port of Graph; 0 (any) if left out. */
  readonly port?: number;
  /** Network between phones and bridge; null is a direct path without a relay. Default `clean`. */
  readonly profile?: NetworkProfileName | null;
  readonly seed?: number;
  /** Impair RTP only, and let STUN, DTLS and RTCP pass. Default false. */
  readonly mediaOnly?: boolean;
  /** Faults of every call. */
  readonly faults?: readonly FaultInput[];
  /** PCMA and PCMU are lawful in answers. Default false. */
  readonly g711?: boolean;
  /** Time that Graph takes for each request. Default 0. */
  readonly graphLatencyMs?: number;
  /** From ringing until accept must have come. Default 30 s (meta-calling.md §5). */
  readonly acceptTimeoutMs?: number;
  /** No media at the start, or later on: the phone drops the call. Default 20 s and 30 s. */
  readonly firstMediaTimeoutMs?: number;
  readonly mediaGapTimeoutMs?: number;
  readonly webhookTimeoutMs?: number;
  readonly webhookRetryDelaysMs?: readonly number[];
}

export interface CallOptions {
  /** What the phone says: a WAV file (PCM, mono or stereo, any rate), samples at 16 kHz, or null for silence. */
  readonly audio?: string | Int16Array | null;
  /** Says it again and again. Default false. */
  readonly loop?: boolean;
  /** Who calls; a new number for each call if left out. */
  readonly user?: Partial<SimulatedUser>;
  /** Overrides the profile and seed of the WhatsApp. */
  readonly profile?: NetworkProfileName | null;
  readonly seed?: number;
  /** Added to the faults of every call. */
  readonly faults?: readonly FaultInput[];
  /** Webhooks carry the contacts list. Default true. */
  readonly withContacts?: boolean;
  readonly ctaPayload?: string;
  readonly deeplinkPayload?: string;
  /** How far back the connect webhook's `timestamp` lies. Default 0. */
  readonly connectAgeMs?: number;
  /** Another handset instead of the simulated phone, such as a browser. */
  readonly handset?: HandsetFactory;
}

const DEFAULTS = {
  businessAccountId: '100000000000001',
  host: '127.0.0.1',
  port: 0,
  profile: 'clean',
  seed: 1,
  mediaOnly: false,
  faults: [],
  g711: false,
  graphLatencyMs: 0,
  acceptTimeoutMs: 30_000,
  firstMediaTimeoutMs: 20_000,
  mediaGapTimeoutMs: 30_000,
  webhookTimeoutMs: 20_000,
  webhookRetryDelaysMs: DEFAULT_RETRY_DELAYS_MS,
} as const satisfies Partial<SimulatedWhatsAppOptions>;

export type ResolvedOptions = Required<SimulatedWhatsAppOptions>;

export function withDefaults(options: SimulatedWhatsAppOptions): ResolvedOptions {
  return { ...DEFAULTS, ...options };
}

/** Who calls: what the options say, and for the rest a made-up user, another one for each `placed` call. */
export function userOf(user: Partial<SimulatedUser> = {}, placed: number): SimulatedUser {
  const number = String(placed % 10_000).padStart(4, '0');
  const full: SimulatedUser = {
    waId: `1408555${number}`,
    userId: `US.1349000000${number}`,
    parentUserId: null,
    name: 'Ana Example',
    ...user,
  };
  if (full.waId === null && full.userId === null) throw new TypeError('A user needs a waId or a userId.');
  return full;
}
