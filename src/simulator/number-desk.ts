import { createHash, randomBytes } from 'node:crypto';
import type { CallingSettings } from './calling-settings.ts';

/** A file that somebody uploaded. */
export interface KeptMedia {
  readonly phoneNumberId: string;
  readonly bytes: Buffer;
  readonly mimeType: string;
}

/** What Graph keeps for each number beside its calls: settings, the business profile, files. Gone when it ends. */
export class NumberDesk {
  readonly media = new Map<string, KeptMedia>();
  readonly #settings = new Map<string, CallingSettings>();
  readonly #profiles = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #sipPasswords = new Map<string, string>();

  /** Calling is on until somebody switches it off: a number on this desk is there to be called. */
  isCallingOn(phoneNumberId: string): boolean {
    return this.settings(phoneNumberId).status !== 'DISABLED';
  }

  settings(phoneNumberId: string): CallingSettings {
    return { status: 'ENABLED', call_icon_visibility: 'DEFAULT', ...this.#settings.get(phoneNumberId) };
  }

  /** With the password that Meta makes for each SIP server. */
  settingsWithPasswords(phoneNumberId: string): object {
    const settings = this.settings(phoneNumberId);
    const servers = settings.sip?.servers;
    if (servers === undefined) return settings;
    const named = servers.map((server) => ({
      ...server,
      sip_user_password: this.#passwordOf(`${phoneNumberId} ${server.hostname}`),
    }));
    return { ...settings, sip: { ...settings.sip, servers: named } };
  }

  change(phoneNumberId: string, changes: CallingSettings): void {
    this.#settings.set(phoneNumberId, { ...this.settings(phoneNumberId), ...changes });
  }

  profile(phoneNumberId: string): Readonly<Record<string, unknown>> {
    return this.#profiles.get(phoneNumberId) ?? {};
  }

  changeProfile(phoneNumberId: string, changes: Readonly<Record<string, unknown>>): void {
    this.#profiles.set(phoneNumberId, { ...this.profile(phoneNumberId), ...changes });
  }

  /** Returns its id. */
  keep(media: KeptMedia): string {
    const id = String(BigInt(`0x${randomBytes(6).toString('hex')}`) + 1_000_000_000_000_000n);
    this.media.set(id, media);
    return id;
  }

  #passwordOf(server: string): string {
    const password = this.#sipPasswords.get(server) ?? createHash('sha256').update(randomBytes(16)).digest('hex');
    this.#sipPasswords.set(server, password);
    return password;
  }
}
