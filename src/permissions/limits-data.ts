/**
 * What is known of Meta's limits on calls that a business starts, with where it is from and since when. To follow a
 * change of Meta's, change this file and `LIMITS_AS_OF`; docs/limits.md is made from it (`npm run docs`). What
 * `GET call_permissions` reports of a user goes before these numbers (meta-calling.md §10).
 */
import type { LimitFact, LimitNumbers, NoCallCountry } from './limits.ts';

/** The day of the newest page that was read for this file. */
export const LIMITS_AS_OF = '2026-09-27';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

const PRODUCTION: LimitNumbers = {
  requests: [
    { max: 1, periodMs: DAY },
    { max: 2, periodMs: 7 * DAY },
  ],
  requestLifeMs: 7 * DAY,
  windowMs: DAY,
  temporaryPermissionMs: 7 * DAY,
  connectedCalls: [{ max: 100, periodMs: DAY }],
  unansweredNotice: 2,
  unansweredRevoked: 4,
  dials: { max: 10_000, periodMs: DAY },
  concurrentCalls: 1_000,
  callsPerUser: 1,
  reads: { max: 5, periodMs: SECOND },
  pauseMs: 7 * DAY,
  leastMessagingTier: 2_000,
  callbackDataLength: 512,
};

/** Sandbox accounts and public test numbers; what their pages do not name is as in production. */
const SANDBOX: LimitNumbers = {
  ...PRODUCTION,
  requests: [
    { max: 25, periodMs: DAY },
    { max: 100, periodMs: 7 * DAY },
  ],
  unansweredNotice: 5,
  unansweredRevoked: 10,
  leastMessagingTier: 0,
};

export const LIMIT_NUMBERS = { production: PRODUCTION, sandbox: SANDBOX } as const;

const AVAILABILITY = 'calling overview, 2026-03-10, and its copies of 2026';

/** Whose business numbers may not start calls, nor ask for permission. The user may be anywhere. */
export const NO_CALL_COUNTRIES: readonly NoCallCountry[] = [
  { country: 'US', name: 'United States', refused: true, certainty: 'sure', source: AVAILABILITY },
  { country: 'CA', name: 'Canada', refused: true, certainty: 'sure', source: AVAILABILITY },
  { country: 'EG', name: 'Egypt', refused: true, certainty: 'sure', source: AVAILABILITY },
  { country: 'VN', name: 'Vietnam', refused: true, certainty: 'sure', source: AVAILABILITY },
  { country: 'NG', name: 'Nigeria', refused: true, certainty: 'sure', source: AVAILABILITY },
  {
    country: 'TR',
    name: 'Türkiye',
    refused: false,
    certainty: 'unknown',
    source:
      "on Meta's list of 2025-11-20, gone from that of 2026-03-10; lists of resellers without a date still have it. Graph decides",
  },
];

/** In the order of docs/limits.md. */
export const LIMIT_FACTS: readonly LimitFact[] = [
  {
    what: 'Requests for permission to one user, free-form and template together',
    value: ({ requests }) => requests,
    code: 138009,
    since: 'seen on 2025-11-13; sandbox announced on 2025-10-13',
    source: 'user-call-permissions, 2025-11-13; calling overview, 2026-03-10; sandbox, 2026-04-07',
    certainty: 'sure',
    action:
      'Counted for each number and user. One too many is not sent; `retry_at` says when the next may be. Any call that is picked up, in either direction, sets the count to nothing. A figure in `call_permissions` goes before ours.',
  },
  {
    what: 'How long a request can be answered, after it was delivered or answered, unless a newer one is used',
    value: ({ requestLifeMs }) => ({ lastsMs: requestLifeMs }),
    code: null,
    since: 'seen on 2025-11-13',
    source: 'user-call-permissions, 2025-11-13',
    certainty: 'sure',
    action:
      'No second request goes out while the first can be answered and a dial of the number would still wait for it.',
  },
  {
    what: 'Window for free-form messages, after a message or call of the user, or a call of ours that was accepted',
    value: ({ windowMs }) => ({ lastsMs: windowMs }),
    code: 131047,
    since: 'seen on 2025-11-13',
    source: 'user-call-permissions, 2025-11-13; pricing, 2026-03-30',
    certainty: 'sure',
    action: "Outside it a request goes out as the number's template, or not at all if it has none.",
  },
  {
    what: 'Temporary permission, from the approval of the user',
    value: ({ temporaryPermissionMs }) => ({ lastsMs: temporaryPermissionMs }),
    code: 138006,
    since: 'seen on 2025-11-13',
    source: 'user-call-permissions, 2025-11-13',
    certainty: 'sure',
    action: 'Ends by the clock; Meta sends no webhook. Calls without permission are not placed.',
  },
  {
    what: 'Permanent permission: until the user takes it back. A request to such a user is pointless',
    value: () => null,
    code: 138017,
    since: '2025-11-03',
    source: 'user-call-permissions, 2025-11-13; troubleshooting, 2025-12-03',
    certainty: 'sure',
    action: 'A request to a user who gave it is not sent. The limits of calls hold all the same.',
  },
  {
    what: 'Calls to one user that were picked up',
    value: ({ connectedCalls }) => connectedCalls,
    code: 138012,
    since: '2025-12-19; it was 5 until 2025-10-13 and 10 until then',
    source: 'calling overview, 2026-03-10 (list of changes); troubleshooting, 2025-12-03',
    certainty: 'sure',
    action:
      'Counted for each number and user, calls that others place by what `call_permissions` reports. One too many is not placed; the permission stays. A time that Graph names with 138012 is kept to.',
  },
  {
    what: 'Calls in a row that the user did not take or declined, after which WhatsApp asks the user to think again',
    value: ({ unansweredNotice }) => ({ inARow: unansweredNotice }),
    code: null,
    since: 'seen on 2025-11-13; sandbox announced on 2025-10-13',
    source: 'user-call-permissions, 2025-11-13; calling overview, 2026-03-10; sandbox, 2026-04-07',
    certainty: 'sure',
    action: "Calls go on with a warning in the answer, from the number's own setting on (below).",
  },
  {
    what: 'Calls in a row that the user did not take or declined, after which WhatsApp takes the permission back',
    value: ({ unansweredRevoked }) => ({ inARow: unansweredRevoked }),
    code: 138006,
    since: 'seen on 2025-11-13; sandbox announced on 2025-10-13',
    source: 'user-call-permissions, 2025-11-13; calling overview, 2026-03-10; sandbox, 2026-04-07',
    certainty: 'sure',
    action:
      'The number stops before that, by its own setting (below). That a call which is picked up ends the row is the natural reading; Meta does not spell it out.',
  },
  {
    what: 'New calls of one number',
    value: ({ dials }) => dials,
    code: 138005,
    since: 'seen on 2025-11-13',
    source: 'business-initiated-calls, 2025-11-13',
    certainty: 'sure',
    action: 'Counted for each number. One too many is not placed; `retry_at` says when the oldest leaves the count.',
  },
  {
    what: 'Calls of one number at one time, in both directions',
    value: ({ concurrentCalls }) => ({ atOnce: concurrentCalls }),
    code: 138002,
    since: 'seen on 2025-11-13; a FAQ of 2026-09-16 says 5,000 in one place',
    source: 'faq, 2025-11-13; troubleshooting, 2025-12-03',
    certainty: 'likely',
    action: 'One too many is not placed. The lower of the two figures is used.',
  },
  {
    what: 'Calls of one number with one user at one time',
    value: ({ callsPerUser }) => ({ atOnce: callsPerUser }),
    code: 138003,
    since: 'seen on 2025-12-03',
    source: 'troubleshooting, 2025-12-03',
    certainty: 'sure',
    action: 'A second one is not placed while the first is live or being placed.',
  },
  {
    what: 'Business numbers of some countries may not start calls or ask for permission (below)',
    value: () => null,
    code: 138013,
    since: '2026-03-10 in this form',
    source: AVAILABILITY,
    certainty: 'sure',
    action: 'Refused at once. The country is that of the number as Meta displays it.',
  },
  {
    what: 'No calls and no requests while calling is switched off in the settings of the number',
    value: () => null,
    code: 138000,
    since: '2026-03-23 in this form',
    source: 'call-settings, 2026-03-23',
    certainty: 'sure',
    action:
      'Known from the `account_settings_update` webhook, from settings that are read or written through talkwire, or from the first refusal of Graph, which then is asked. Dials that wait go on waiting.',
  },
  {
    what: 'Pause of a number of which users complained',
    value: ({ pauseMs }) => ({ lastsMs: pauseMs }),
    code: 138014,
    since: '2026-01-27',
    source: 'call-settings, 2026-03-23; calling overview, 2026-03-10 (list of changes)',
    certainty: 'sure',
    action:
      'Known from the `account_update` webhook, or from the first refusal of Graph. Until its end no call is placed and no request sent. What users grant or decline meanwhile counts.',
  },
  {
    what: 'Reads of `call_permissions` of one number',
    value: ({ reads }) => reads,
    code: 613,
    since: 'seen on 2025-11-25; user-call-permissions says 100 a second',
    source: 'reference, 2025-11-25 and 2026-06-26',
    certainty: 'likely',
    action:
      'Not more than that. After a 613 there are pauses, longer each time. Without a report the ledger decides alone.',
  },
  {
    what: 'Users that get a message outside their window, of the whole business (its messaging tier)',
    value: () => null,
    code: 131048,
    since: 'seen on 2025-11-13',
    source: 'calling overview, 2026-03-10. Meta documents no code of its own for it; 131048 is the nearest',
    certainty: 'likely',
    action:
      "If the number's tier is set, users who got a request template from talkwire in the last 24 hours are counted against it. Other messages of the business are not seen.",
  },
  {
    what: 'Least messaging tier of a business that may switch calling on, users in 24 hours',
    value: ({ leastMessagingTier }) => ({ atLeast: leastMessagingTier }),
    code: 138015,
    since: 'seen on 2025-11-13',
    source: 'calling overview, 2026-03-10; troubleshooting, 2025-12-03',
    certainty: 'sure',
    action: 'Not checked: Meta refuses to switch calling on.',
  },
  {
    what: 'Users of a test number have to be on its list',
    value: () => null,
    code: 131030,
    since: 'seen on 2025-12-03',
    source: 'troubleshooting, 2025-12-03',
    certainty: 'sure',
    action: "Not known here: Graph's refusal is passed on.",
  },
  {
    what: 'Length of `biz_opaque_callback_data`, in characters',
    value: ({ callbackDataLength }) => ({ atMost: callbackDataLength }),
    code: 100,
    since: 'seen on 2025-11-13',
    source: 'business-initiated-calls, 2025-11-13',
    certainty: 'sure',
    action: 'Longer ones are refused.',
  },
  {
    what: 'How long the phone rings at most',
    value: () => null,
    code: null,
    since: 'not documented',
    source: 'none found up to 2026-09-27',
    certainty: 'unknown',
    action: "talkwire's own ring timer ends the call (below).",
  },
];
