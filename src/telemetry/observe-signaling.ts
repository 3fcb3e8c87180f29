import type { Logger } from './logger.ts';

/** What signaling tells of its work; holds no personal data by its own contract. */
export interface SignalingReports {
  onDelivery(outcome: string, source: string | null): void;
  onIgnored(item: { readonly where: string; readonly reason: string }): void;
  onWorkedOff(id: number, outcome: string): void;
  onGraphAct(report: GraphReport): void;
  onFault(during: string, fault: unknown): void;
}

interface GraphReport {
  readonly phoneNumberId: string;
  readonly result:
    | { readonly type: 'graph.ok'; readonly action: string }
    | {
        readonly type: 'graph.failed';
        readonly action: string;
        readonly error: { readonly code: number | null; readonly kind: string; readonly message: string };
      };
  readonly attempts: number;
  readonly tookMs: number;
  readonly alert: boolean;
}

/** Outcomes that an operator should look at. */
const WARNINGS = new Set(['bad_signature', 'not_json', 'store_failed']);

/** Logs what comes from and goes to WhatsApp, and passes everything on to `next`. */
export function observeSignaling(logger: Logger, next: Partial<SignalingReports> = {}): SignalingReports {
  return {
    onDelivery(outcome, source) {
      logger[WARNINGS.has(outcome) ? 'warn' : 'debug']({ outcome, source }, 'webhook');
      next.onDelivery?.(outcome, source);
    },
    onIgnored(item) {
      const { where, reason } = item;
      logger.debug({ where, reason }, 'ignored a part of a webhook');
      next.onIgnored?.(item);
    },
    onWorkedOff(webhook, outcome) {
      logger.debug({ webhook, outcome }, 'webhook worked off');
      next.onWorkedOff?.(webhook, outcome);
    },
    onGraphAct(report) {
      next.onGraphAct?.(report);
      const { phoneNumberId, result, attempts, tookMs, alert } = report;
      const { action } = result;
      const about = { phoneNumberId, action, attempts, tookMs };
      if (result.type === 'graph.ok') return logger.debug(about, 'Graph agreed');
      const { code, kind, message } = result.error;
      logger[alert ? 'error' : 'warn']({ ...about, code, kind, reason: message }, 'Graph refused');
    },
    onFault(during, fault) {
      logger.error({ during, err: fault }, 'a part of signaling failed');
      next.onFault?.(during, fault);
    },
  };
}
