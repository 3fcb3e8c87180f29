import { InvalidCursor } from '../calls-api/ports.ts';

/** A place in a list, newest first: the row it names need not exist any more. */
export interface PageCursor {
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly id: string;
}

/** Far above any cursor of ours; keeps hostile ones from being decoded. */
const MAX_LENGTH = 256;

export function encodeCursor(cursor: PageCursor): string {
  return Buffer.from(JSON.stringify([cursor.createdAt, cursor.id])).toString('base64url');
}

/** @throws InvalidCursor on anything that `encodeCursor` cannot have made */
export function decodeCursor(text: string, field: 'after' | 'before'): PageCursor {
  if (text.length > MAX_LENGTH || !/^[A-Za-z0-9_-]+$/.test(text)) throw new InvalidCursor(field);
  const value = parse(Buffer.from(text, 'base64url').toString('utf8'));
  if (!Array.isArray(value) || value.length !== 2) throw new InvalidCursor(field);
  const [createdAt, id] = value as unknown[];
  if (!Number.isSafeInteger(createdAt) || typeof id !== 'string' || id === '') throw new InvalidCursor(field);
  const cursor = { createdAt: createdAt as number, id };
  if (encodeCursor(cursor) !== text) throw new InvalidCursor(field);
  return cursor;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
