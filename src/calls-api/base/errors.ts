import { API_ERRORS, type ApiErrorName } from './error-table.ts';

interface ApiErrorMore {
  readonly fields?: FieldRules;
  readonly extra?: ApiError['extra'];
  readonly retryAt?: number | null;
  readonly meta?: MetaAnswer;
}

/** How Meta answers what is refused. */
interface MetaAnswer {
  readonly code: number;
  readonly status: number;
}

type FieldRules = Readonly<Record<string, readonly string[]>>;

/** Thrown by a route; answered as its entry in the table says. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly error: ApiErrorName;
  /** Names the field and the rule. Goes to the client. */
  readonly details: string;
  /** Of a body, each wrong field with the rules it breaks; null where no field is at fault. */
  readonly fields: FieldRules | null;
  /** More for programs, beside the text. */
  readonly extra: Readonly<Record<string, string | null>>;
  /** When it may be tried again, Unix milliseconds; null if no clock changes it. */
  readonly retryAt: number | null;
  /** In place of what the table says, where one entry stands for several codes of Meta's. */
  readonly meta: MetaAnswer | null;

  constructor(error: ApiErrorName, details: string = API_ERRORS[error].message, more: ApiErrorMore = {}) {
    super(details);
    this.error = error;
    this.details = details;
    this.fields = more.fields ?? null;
    this.extra = more.extra ?? {};
    this.retryAt = more.retryAt ?? null;
    this.meta = more.meta ?? null;
  }
}
