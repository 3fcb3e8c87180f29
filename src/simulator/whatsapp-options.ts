import type { FaultInput } from './faults.ts';
import type { HandsetFactory } from './handset.ts';
import type { NetworkProfileName } from './network/profiles.ts';
import type { LimitsInput } from './permissions/judge-limits.ts';
import type { BusinessNumber } from './permissions/permission-webhooks.ts';
import { DEFAULT_RETRY_DELAYS_MS } from './webhook-sender.ts';
import type { SimulatedUser } from './webhooks.ts';

/** Times in milliseconds. What has no default is required. */
export interface SimulatedWhatsAppOptions {
  /** Where the bridge takes webhooks. A function is asked at each delivery, for a bridge that starts later. */
  readonly bridgeWebhookUrl: string | (() => string);
  readonly appSecret: string;
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string;
  /** Further numbers of the business; token and app secret are those of the first. */
  readonly phoneNumbers?: readonly BusinessNumber[];
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
  /** How long a phone rings that the business calls. Default 60 s; Meta's own time is not known (meta-calling.md §5). */
  readonly ringTimeoutMs?: number;
  /** Meta's limits on calls and permission requests, or some of them changed. Default `production`. */
  readonly limits?: LimitsInput;
  /** Names of the templates that ask for permission to call; null (default): every template does. */
  readonly permissionTemplates?: readonly string[] | null;
  /** The clock of permissions and of the webhooks' timestamps, Unix milliseconds. Default: this machine's. */
  readonly now?: () => number;
  /** No media at the start, or later on: the phone drops the call. Default 20 s and 30 s. */
  readonly firstMediaTimeoutMs?: number;
  readonly mediaGapTimeoutMs?: number;
  readonly webhookTimeoutMs?: number;
  readonly webhookRetryDelaysMs?: readonly number[];
}

export interface CallOptions {
  /** Which number is called; the first if left out. */
  readonly phoneNumberId?: string;
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
  phoneNumbers: [],
  acceptTimeoutMs: 30_000,
  ringTimeoutMs: 60_000,
  limits: 'production',
  permissionTemplates: null,
  now: (): number => performance.timeOrigin + performance.now(),
  firstMediaTimeoutMs: 20_000,
  mediaGapTimeoutMs: 30_000,
  webhookTimeoutMs: 20_000,
  webhookRetryDelaysMs: DEFAULT_RETRY_DELAYS_MS,
} satisfies Partial<SimulatedWhatsAppOptions>;

export type ResolvedOptions = Required<SimulatedWhatsAppOptions>;

export function withDefaults(options: SimulatedWhatsAppOptions): ResolvedOptions {
  return { ...DEFAULTS, ...options };
}

/** All numbers of the business, the first one first. */
export function numbersOf(options: ResolvedOptions): readonly BusinessNumber[] {
  const { phoneNumberId, displayPhoneNumber, phoneNumbers } = options;
  return [{ phoneNumberId, displayPhoneNumber }, ...phoneNumbers];
}
