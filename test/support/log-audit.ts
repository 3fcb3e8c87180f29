import { readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

export type LeakKind = 'sdp' | 'phone number' | 'ip address' | 'token' | 'call id' | 'known secret' | 'not json';

export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly kind: LeakKind;
  /** Where in the line, such as `err.message`; never the leak itself. */
  readonly path: string;
}

/**
 * Looks through every `.ndjson` file of a folder for what must not be logged. It shares no code with the guard of
 * src/telemetry, which it checks. A folder that is not there has no findings.
 *
 * @param known texts that must not occur, such as the phone number and the tokens that a test used
 */
export function auditLogs(folder: string, known: readonly string[] = []): Finding[] {
  return logFiles(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .flatMap((text, index) => auditLine(text, known).map((found) => ({ file, line: index + 1, ...found }))),
  );
}

export function auditLine(text: string, known: readonly string[] = []): Pick<Finding, 'kind' | 'path'>[] {
  if (text.trim() === '') return [];
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return [{ kind: 'not json', path: '' }, ...audit(text, '', known)];
  }
  return audit(line, '', known);
}

function audit(value: unknown, path: string, known: readonly string[]): Pick<Finding, 'kind' | 'path'>[] {
  if (typeof value === 'string') return leaksOf(value, path, known).map((kind) => ({ kind, path }));
  if (typeof value === 'number') return isPhoneNumber(value) ? [{ kind: 'phone number', path }] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const here = path === '' ? key : `${path}.${key}`;
    return [...leaksOf(key, '', known).map((kind) => ({ kind, path: here })), ...audit(item, here, known)];
  });
}

function leaksOf(text: string, path: string, known: readonly string[]): LeakKind[] {
  const leaks = new Set<LeakKind>();
  if (/v=0[\r\n\\]|m=audio|a=(fingerprint|ice-|candidate|rtpmap|setup)/i.test(text)) leaks.add('sdp');
  if (/bearer\s+(?!\[)\S/i.test(text) || /EAA[a-z0-9]{10}/i.test(text)) leaks.add('token');
  if (/[?&][^\s=&]*(token|key|secret|signature)[^\s=&]*=(?!\[)[^\s&]/i.test(text)) leaks.add('token');
  if (/wa[cm]id\.\w/i.test(text)) leaks.add('call id');
  if (known.some((secret) => secret !== '' && text.includes(secret))) leaks.add('known secret');
  if (holdsAddress(text)) leaks.add('ip address');
  const isNumberId = /phone_?number_?id$/i.test(path) && /^\d{14,20}$/.test(text);
  if (!isNumberId && holdsPhoneNumber(text)) leaks.add('phone number');
  return [...leaks];
}

function holdsAddress(text: string): boolean {
  if (/\d+\.\d+\.\d+\.\d+/.test(text)) return true;
  return text
    .split(/[^0-9a-f:.]+/i)
    .some((word) => /\w/.test(word) && isIP(word.replace(/^:(?!:)|(?<!:):$|\.$/g, '')) !== 0);
}

function holdsPhoneNumber(text: string): boolean {
  const plain = text
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, ' ')
    .replace(/\b\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?\b/g, ' ');
  const written = plain.match(/\d(?:[ ().-]{0,2}\d)*/g) ?? [];
  return written.some((number) => number.replace(/\D/g, '').length >= 8);
}

function isPhoneNumber(value: number): boolean {
  if (!Number.isInteger(value) || value < 10_000_000 || value > 999_999_999_999_999) return false;
  const seconds = [value, value / 1e3, value / 1e6];
  return !seconds.some((time) => time > 1_500_000_000 && time < 2_200_000_000);
}

function logFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
  } catch {
    return [];
  }
}
