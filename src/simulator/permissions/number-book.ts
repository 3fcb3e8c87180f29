import { DAY_MS } from './judge-limits.ts';
import { RollingCount } from './rolling-count.ts';

export interface NumberSettings {
  /** Calling is switched on for the number. */
  readonly calling: boolean;
  /** A user who calls lets the business call back (`callback_permission_status`). */
  readonly callback: boolean;
  /** ISO 3166 code of the number's country; null is one of those that may call users. */
  readonly country: string | null;
  /** Calls and requests of the business are paused for low quality until then, Unix milliseconds. */
  readonly restrictedUntil: number | null;
}

/** Numbers of these countries may not call users (meta-calling.md §1). */
const SILENT_COUNTRIES: ReadonlySet<string> = new Set(['US', 'CA', 'EG', 'VN', 'NG']);

/** What WhatsApp remembers of one business number. */
export class NumberBook {
  readonly live = new Set<string>();
  readonly dials = new RollingCount(DAY_MS);
  readonly reports = new RollingCount(1_000);
  settings: NumberSettings = { calling: true, callback: false, country: null, restrictedUntil: null };

  /** Why the number may call or ask nobody now; null if it may. */
  standing(now: number): { readonly code: 138000 | 138013 | 138014; readonly until: number | null } | null {
    const { calling, country, restrictedUntil } = this.settings;
    if (!calling) return { code: 138000, until: null };
    if (country !== null && SILENT_COUNTRIES.has(country)) return { code: 138013, until: null };
    return restrictedUntil !== null && now < restrictedUntil ? { code: 138014, until: restrictedUntil } : null;
  }
}
