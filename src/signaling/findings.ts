import type { AccountFinding } from './account-event.ts';
import type { ArtifactEvent } from './artifact-event.ts';
import type { MessageWord } from './message-word.ts';
import type { PermissionEvent } from './permission-event.ts';
import type { CallEvent, IgnoredItem } from './ports.ts';

/** What the changes of one webhook say, as it is gathered. */
export interface Findings {
  readonly events: CallEvent[];
  readonly permissions: PermissionEvent[];
  readonly accounts: AccountFinding[];
  readonly artifacts: ArtifactEvent[];
  readonly messages: MessageWord[];
  readonly ignored: IgnoredItem[];
  readonly numbers: Set<string>;
  /** How a number is displayed, by its id. */
  readonly displays: Map<string, string>;
}

export function noFindings(): Findings {
  return {
    events: [],
    permissions: [],
    accounts: [],
    artifacts: [],
    messages: [],
    ignored: [],
    numbers: new Set(),
    displays: new Map(),
  };
}

/** Every webhook says how the number is displayed that it is about; nothing else tells us. */
export function noteDisplay(
  { displays }: Findings,
  metadata: { readonly phone_number_id: string | null; readonly display_phone_number: string | null },
): void {
  const { phone_number_id: id, display_phone_number: display } = metadata;
  if (id !== null && display !== null) displays.set(id, display);
}
